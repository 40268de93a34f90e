import type { FileTree } from './tree.ts';

/** The most directories in which a mirror may be nested. */
const MAX_DEPTH = 4;
/** The most directories to search for it. */
const MAX_DIRS = 10_000;

/** Any of these marks a directory as the root of a machine's mirror. */
const SIGNS = ['sys/devices/system/memory', 'proc/iomem', 'proc/zoneinfo'];

/** The directories that mirror a machine's /, only those nearest to the top; `''` is the top itself. */
export function findRoots(tree: FileTree): string[] {
  let level = [''];
  let seen = 0;
  for (let depth = 0; depth <= MAX_DEPTH; depth++) {
    const roots = level.filter((dir) => SIGNS.some((sign) => tree.kind(under(dir, sign)) !== undefined));
    if (roots.length > 0) return roots;
    const next: string[] = [];
    for (const dir of level) {
      for (const name of tree.list(dir) ?? []) {
        if (++seen > MAX_DIRS) return [];
        const path = under(dir, name);
        if (tree.kind(path) === 'dir') next.push(path);
      }
    }
    level = next;
  }
  return [];
}

function under(dir: string, name: string): string {
  return dir === '' ? name : `${dir}/${name}`;
}
