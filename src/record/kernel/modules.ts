import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { InputError } from '../../errors/input-error.ts';
import { decompress } from '../../machines/sources/decompress.ts';
import { DEFAULT_LIMITS } from '../../machines/sources/limits.ts';

/** The modules below a directory, and which others they need: packages that were not installed have no modules.dep. */
export class Modules {
  readonly #paths = new Map<string, string>();

  constructor(dir: string | null) {
    if (dir === null) return;
    for (const entry of readdirSync(dir, { recursive: true, encoding: 'utf8' })) {
      const name = /([^/]+)\.ko(\.xz|\.gz|\.zst)?$/.exec(entry)?.[1];
      if (name !== undefined) this.#paths.set(key(name), join(dir, entry));
    }
  }

  has(name: string): boolean {
    return this.#paths.has(key(name));
  }

  /**
   * The modules in the order in which they must be loaded, each after those it needs.
   * @param names those wanted; one that does not exist is left out, since it may be built in
   */
  async load(
    names: readonly string[],
  ): Promise<readonly { readonly name: string; readonly bytes: Buffer }[]> {
    const loaded = new Map<string, Buffer>();
    const add = async (name: string): Promise<void> => {
      const path = this.#paths.get(key(name));
      if (path === undefined || loaded.has(key(name))) return;
      const bytes = await moduleBytes(path);
      for (const other of depends(bytes)) await add(other);
      loaded.set(key(name), bytes);
    };
    for (const name of names) await add(name);
    return [...loaded].map(([name, bytes]) => ({ name, bytes }));
  }
}

const key = (name: string): string => name.replaceAll('-', '_');

async function moduleBytes(path: string): Promise<Buffer> {
  const bytes = readFileSync(path);
  if (path.endsWith('.gz')) return gunzipSync(bytes);
  if (path.endsWith('.zst'))
    throw new InputError(basename(path), '', 'is packed with zstd, which cannot be read');
  if (!path.endsWith('.xz')) return bytes;
  const pieces: Uint8Array[] = [];
  const input: Buffer[] = [bytes];
  await decompress(
    path,
    'xz',
    () => input.pop(),
    DEFAULT_LIMITS,
    (chunk) => pieces.push(Buffer.from(chunk)),
  );
  return Buffer.concat(pieces);
}

/** The names that `depends=` of .modinfo lists. */
function depends(bytes: Buffer): readonly string[] {
  const at = bytes.indexOf('\0depends=');
  if (at < 0) return [];
  const end = bytes.indexOf(0, at + 9);
  return bytes
    .toString('latin1', at + 9, end)
    .split(',')
    .filter((name) => name !== '');
}
