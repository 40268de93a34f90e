import { createHash } from 'node:crypto';
import {
  constants,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { applySeries, type SeriesPatch } from './series.ts';
import { checkClean, type KernelTree, kernelTree } from './tree.ts';

/** A copy of a tree in the cache, to which a series was applied. */
interface Copy {
  readonly tree: string;
  readonly files: string;
  readonly series: string;
}

/** What is no source: a history can be larger than the tree. */
const LEFT_OUT = new Set(['.git']);

/** All files and links of a tree, by their names in it. */
function* filesOf(top: string, under = ''): Generator<{ readonly name: string; readonly link: boolean }> {
  for (const entry of readdirSync(join(top, under), { withFileTypes: true })) {
    if (under === '' && LEFT_OUT.has(entry.name)) continue;
    const name = join(under, entry.name);
    if (entry.isDirectory()) yield* filesOf(top, name);
    else if (entry.isFile() || entry.isSymbolicLink()) yield { name, link: entry.isSymbolicLink() };
  }
}

/** The names, sizes and times of all files, as a hash: whether somebody has changed the tree. */
function stateOf(top: string): string {
  const hash = createHash('sha256');
  for (const { name, link } of filesOf(top)) {
    const { size, mtimeMs } = link
      ? { size: 0, mtimeMs: readlinkSync(join(top, name)) }
      : statSync(join(top, name));
    hash.update(`${name}\0${size}\0${mtimeMs}\0`);
  }
  return hash.digest('hex');
}

function copyTree(from: string, to: string): void {
  for (const { name, link } of filesOf(from)) {
    mkdirSync(join(to, name, '..'), { recursive: true });
    if (link) symlinkSync(readlinkSync(join(from, name)), join(to, name));
    // the blocks are shared until written where the file system can
    else copyFileSync(join(from, name), join(to, name), constants.COPYFILE_FICLONE);
  }
}

/**
 * The tree with a series applied: a copy in `folder`, which is made again if the tree or the series has changed. The
 * tree itself is only read.
 * @throws InputError if a patch does not apply; then there is no copy
 */
export async function patchedTree(
  tree: KernelTree,
  series: readonly SeriesPatch[],
  folder: string,
  tell: (text: string) => void,
): Promise<KernelTree> {
  checkClean(tree);
  const copy: Copy = {
    tree: tree.path,
    files: stateOf(tree.path),
    series: createHash('sha256')
      .update(JSON.stringify(series.map(({ diff }) => diff)))
      .digest('hex'),
  };
  const key = createHash('sha256').update(`${copy.tree}\0${copy.series}`).digest('hex').slice(0, 16);
  const [top, known] = [join(folder, key), join(folder, `${key}.json`)];
  const now = JSON.stringify(copy);
  if (!existsSync(known) || readFileSync(known, 'utf8') !== now) {
    tell(`a copy with ${series.length === 1 ? 'the patch' : `${series.length} patches`}`);
    rmSync(known, { force: true });
    rmSync(top, { recursive: true, force: true });
    const part = `${top}.part`;
    rmSync(part, { recursive: true, force: true });
    try {
      copyTree(tree.path, part);
      await applySeries(part, series);
    } catch (error) {
      rmSync(part, { recursive: true, force: true });
      throw error;
    }
    renameSync(part, top);
    writeFileSync(known, now);
  }
  return { ...kernelTree(top), name: tree.name };
}
