import { InputError } from '../../errors/input-error.ts';
import { type FileKind, type FileTree, segments } from '../../machines/sources/tree.ts';

/**
 * A file tree that remembers which of its files were read, and which could not be read as text: those count as not
 * recorded.
 */
export class WatchedTree implements FileTree {
  readonly #tree: FileTree;
  readonly #read: Set<string>;
  readonly #broken: Map<string, string>;
  /** The path of the root of {@link #tree} in the tree that is watched: '' or ending in '/'. */
  readonly #root: string;

  constructor(tree: FileTree, read = new Set<string>(), broken = new Map<string, string>(), root = '') {
    this.#tree = tree;
    this.#read = read;
    this.#broken = broken;
    this.#root = root;
  }

  get source(): string {
    return this.#tree.source;
  }

  get unreadable(): ReadonlyMap<string, string> {
    return this.#tree.unreadable;
  }

  kind(path: string): FileKind | undefined {
    return this.#tree.kind(path);
  }

  list(path: string): readonly string[] | undefined {
    return this.#tree.list(path);
  }

  readText(path: string): string | undefined {
    const name = this.#root + segments(path).join('/');
    this.#read.add(name);
    try {
      return this.#tree.readText(path);
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      this.#broken.set(name, error.what);
      return undefined;
    }
  }

  readAttribute(path: string): string | undefined {
    return this.readText(path);
  }

  /** The files that could not be read as text, with the reason. */
  get broken(): ReadonlyMap<string, string> {
    return this.#broken;
  }

  readlink(path: string): string | undefined {
    this.#read.add(this.#root + segments(path).join('/'));
    return this.#tree.readlink(path);
  }

  sub(path: string, source?: string): FileTree {
    const below = segments(path).map((name) => `${name}/`);
    return new WatchedTree(
      this.#tree.sub(path, source),
      this.#read,
      this.#broken,
      this.#root + below.join(''),
    );
  }

  /** The paths of files and links that were not read, in the order of their directories. */
  *unread(dir = ''): Generator<string> {
    for (const name of this.#tree.list(dir) ?? []) {
      const path = dir === '' ? name : `${dir}/${name}`;
      if (this.#tree.kind(path) === 'dir') yield* this.unread(path);
      else if (!this.#read.has(this.#root + path)) yield path;
    }
  }
}
