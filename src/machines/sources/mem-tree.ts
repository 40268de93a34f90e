import { InputError } from '../../errors/input-error.ts';
import { decodeText, type FileKind, type FileTree, segments } from './tree.ts';

interface DirNode {
  readonly kind: 'dir';
  readonly names: Map<string, MemNode>;
}
type MemNode =
  | DirNode
  | { readonly kind: 'file'; readonly bytes: Uint8Array }
  | { readonly kind: 'link'; readonly target: string };

/** The most links to follow before a path counts as a loop, as in Linux. */
const MAX_LINKS = 40;

/** A file tree held in memory. */
export class MemTree implements FileTree {
  readonly source: string;
  readonly unreadable: ReadonlyMap<string, string> = new Map();
  readonly #root: DirNode;

  constructor(source: string, root?: MemTree) {
    this.source = source;
    this.#root = root ? root.#root : newDir();
  }

  addDir(path: string): void {
    this.#makeDirs(segments(path), path);
  }

  /** Adds a file; a later one with the same path replaces it, as when an archive is extracted. */
  addFile(path: string, content: Uint8Array | string): void {
    const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content;
    this.#put(path, { kind: 'file', bytes });
  }

  addLink(path: string, target: string): void {
    this.#put(path, { kind: 'link', target });
  }

  /** Gives a file a second name, if the file exists. */
  addHardLink(path: string, other: string): void {
    const node = this.#at(segments(other), false);
    if (node?.kind === 'file') this.#put(path, node);
  }

  kind(path: string): FileKind | undefined {
    return this.#at(segments(path), false)?.kind;
  }

  list(path: string): readonly string[] | undefined {
    const node = this.#at(segments(path), true);
    if (node === undefined) return undefined;
    if (node.kind !== 'dir') throw new InputError(this.source, path, 'is not a directory');
    return [...node.names.keys()].sort();
  }

  readText(path: string): string | undefined {
    const node = this.#at(segments(path), true);
    if (node === undefined) return undefined;
    if (node.kind !== 'file') throw new InputError(this.source, path, 'is a directory, not a file');
    return decodeText(node.bytes, this.source, path);
  }

  readAttribute(path: string): string | undefined {
    return this.readText(path);
  }

  readlink(path: string): string | undefined {
    const node = this.#at(segments(path), false);
    return node?.kind === 'link' ? node.target : undefined;
  }

  sub(path: string, source = this.source): MemTree {
    const node = this.#at(segments(path), true);
    const tree = new MemTree(source);
    if (node?.kind === 'dir') for (const [name, child] of node.names) tree.#root.names.set(name, child);
    return tree;
  }

  #put(path: string, node: MemNode): void {
    const names = segments(path);
    const last = names.pop();
    if (last === undefined) throw new InputError(this.source, path, 'has no name');
    this.#makeDirs(names, path).names.set(last, node);
  }

  #makeDirs(names: readonly string[], path: string): DirNode {
    let dir = this.#root;
    for (const name of names) {
      let next = dir.names.get(name);
      if (next === undefined) {
        next = newDir();
        dir.names.set(name, next);
      } else if (next.kind !== 'dir') {
        throw new InputError(this.source, path, `lies below a ${next.kind}`);
      }
      dir = next;
    }
    return dir;
  }

  /** The node at a path; with `follow`, the target of a link in last place. Undefined if nothing is there. */
  #at(names: readonly string[], follow: boolean): MemNode | undefined {
    const todo = [...names].reverse();
    const way: DirNode[] = [this.#root];
    let links = 0;
    while (todo.length > 0) {
      const name = todo.pop()!;
      if (name === '..') {
        if (way.length > 1) way.pop();
        continue;
      }
      const node = way[way.length - 1]!.names.get(name);
      if (node === undefined) return undefined;
      if (node.kind === 'dir') {
        way.push(node);
      } else if (node.kind === 'file') {
        return todo.length === 0 ? node : undefined;
      } else {
        if (todo.length === 0 && !follow) return node;
        if (++links > MAX_LINKS) return undefined;
        if (node.target.startsWith('/')) way.length = 1;
        todo.push(...segments(node.target).reverse());
      }
    }
    return way[way.length - 1];
  }
}

function newDir(): DirNode {
  return { kind: 'dir', names: new Map() };
}
