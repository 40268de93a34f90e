import { existsSync, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { InputError } from '../../errors/input-error.ts';
import type { Debian } from '../kernel/debian.ts';
import { neededBy } from './elf.ts';

/** Programs of Debian packages with the libraries that they need. */

/** Packages with libraries, by the package whose programs need them; Debian 12. */
const LIBRARIES: Readonly<Record<string, readonly string[]>> = {
  ndctl: ['libndctl6', 'libcxl1', 'libtracefs1', 'libtraceevent1', 'libkeyutils1', 'libudev1'],
  daxctl: ['libndctl6', 'libudev1'],
  bash: ['libtinfo6'],
  bc: ['libreadline8', 'libtinfo6'],
};
const COMMON = [
  'libc6',
  'libdaxctl1',
  'libiniparser1',
  'libjson-c5',
  'libuuid1',
  'libkmod2',
  'liblzma5',
  'libssl3',
  'libzstd1',
  'libcap2',
];

/** Regular files and links below a directory, by name. */
function filesBelow(dir: string): readonly string[] {
  if (!existsSync(dir)) return [];
  return readdirSync(dir, { recursive: true, encoding: 'utf8' })
    .map((name) => join(dir, name))
    .filter((path) => statSync(path, { throwIfNoEntry: false })?.isFile());
}

/** The files by their paths in the guest. @throws InputError if a library is in none of the packages */
export async function programsOf(
  packages: readonly string[],
  debian: Debian,
): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  if (packages.length === 0) return found;
  const libraries = new Map<string, string>();
  for (const name of [...COMMON, ...packages.flatMap((one) => LIBRARIES[one] ?? [])]) {
    const root = await debian.unpack(name);
    for (const path of filesBelow(root)) if (/\.so(\.|$)/.test(path)) libraries.set(basename(path), path);
  }
  const todo: string[] = [];
  for (const name of packages) {
    const root = await debian.unpack(name);
    for (const path of filesBelow(root)) {
      const at = relative(root, path);
      if (!/^(usr\/)?s?bin\//.test(at)) continue;
      found.set(at, realpathSync(path));
      todo.push(path);
    }
  }
  while (todo.length > 0) {
    const path = todo.pop()!;
    const { libraries: needed, interpreter } = neededBy(readFileSync(path));
    const loader = interpreter === null ? [] : [basename(interpreter)];
    for (const library of [...needed, ...loader]) {
      const own = libraries.get(library);
      if (own === undefined)
        throw new InputError(
          basename(path),
          '',
          `needs ${library}, which is in no package that is known here`,
        );
      const at =
        interpreter !== null && library === basename(interpreter) ? interpreter.slice(1) : `lib/${library}`;
      if (found.has(at)) continue;
      found.set(at, realpathSync(own));
      todo.push(own);
    }
  }
  return found;
}
