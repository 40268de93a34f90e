import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { InputError } from '../../errors/input-error.ts';

/** A kernel's source tree. */
export interface KernelTree {
  /** As the user named it. */
  readonly name: string;
  readonly path: string;
  /** "6.1.192" */
  readonly version: string;
}

/** @throws InputError for a folder that is no kernel tree, or in which somebody has built */
export function kernelTree(folder: string, option = '--source'): KernelTree {
  const path = resolve(folder);
  const makefile = join(path, 'Makefile');
  if (!existsSync(makefile) || !existsSync(join(path, 'arch', 'arm64', 'mm', 'mmu.c')))
    throw new InputError(option, '', `${folder} is not the top of a kernel tree`);
  const text = readFileSync(makefile, 'utf8');
  const number = (name: string): string | undefined => new RegExp(`^${name} = (\\d+)$`, 'm').exec(text)?.[1];
  const [major, minor, sub] = ['VERSION', 'PATCHLEVEL', 'SUBLEVEL'].map(number);
  if (major === undefined || minor === undefined)
    throw new InputError(option, '', `${folder}/Makefile has no version`);
  return { name: folder, path, version: `${major}.${minor}.${sub ?? 0}` };
}

/** kbuild refuses to build out of a tree in which somebody has built. */
export function checkClean({ name, path }: KernelTree): void {
  if (existsSync(join(path, '.config')) || existsSync(join(path, 'include', 'config')))
    throw new InputError(
      '--source',
      '',
      `${name} was built in place, and kbuild builds elsewhere only from a clean tree: give the tree as --build as well, or run make mrproper in a copy`,
    );
}

/**
 * Reads files of a tree for stories; a file that is not there has no lines.
 * @throws InputError for a folder that is no kernel tree, or one of another version
 */
export function treeLines(folder: string, version: string): (file: string) => readonly string[] {
  const tree = kernelTree(folder, '--tree');
  if (tree.version !== version)
    throw new InputError('--tree', '', `${folder} is Linux ${tree.version}, the bundle is of ${version}`);
  const known = new Map<string, readonly string[]>();
  return (file) => {
    const path = join(tree.path, file);
    const lines = known.get(file) ?? (existsSync(path) ? readFileSync(path, 'utf8').split('\n') : []);
    known.set(file, lines);
    return lines;
  };
}
