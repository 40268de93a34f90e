import { InputError, quote } from '../../errors/input-error.ts';
import { type FileKind, type FileTree, segments } from './tree.ts';

/**
 * A recording made by a program that cannot store links lists them in `symlinks.txt`: one "path target" per line, the
 * path absolute in the guest, the target as readlink returned it. Returns targets by path, without the leading `/`.
 */
function parseLinks(text: string, source: string): Map<string, string> {
  const links = new Map<string, string>();
  for (const [i, line] of text.split('\n').entries()) {
    if (line === '') continue;
    const blank = line.indexOf(' ');
    if (blank <= 0 || blank === line.length - 1) {
      throw new InputError(source, `symlinks.txt line ${i + 1}`, `${quote(line)} is not "path target"`);
    }
    const path = segments(line.slice(0, blank));
    if (path.length === 0 || path.includes('..')) {
      throw new InputError(source, `symlinks.txt line ${i + 1}`, `${quote(line)} is not "path target"`);
    }
    links.set(path.join('/'), line.slice(blank + 1));
  }
  return links;
}

/** A tree with links added by name. They are listed and can be read as links; they are not followed. */
class LinkedTree implements FileTree {
  readonly source: string;
  readonly #tree: FileTree;
  readonly #links: ReadonlyMap<string, string>;
  readonly #names = new Map<string, string[]>();

  constructor(tree: FileTree, links: ReadonlyMap<string, string>) {
    this.source = tree.source;
    this.#tree = tree;
    this.#links = links;
    for (const path of links.keys()) {
      const slash = path.lastIndexOf('/');
      const dir = slash < 0 ? '' : path.slice(0, slash);
      const names = this.#names.get(dir) ?? [];
      names.push(path.slice(slash + 1));
      this.#names.set(dir, names);
    }
  }

  get unreadable(): ReadonlyMap<string, string> {
    return this.#tree.unreadable;
  }

  kind(path: string): FileKind | undefined {
    return this.#links.has(segments(path).join('/')) ? 'link' : this.#tree.kind(path);
  }

  list(path: string): readonly string[] | undefined {
    const own = this.#tree.list(path);
    const added = this.#names.get(segments(path).join('/'));
    if (added === undefined) return own;
    return [...new Set([...(own ?? []), ...added])].sort();
  }

  readText(path: string): string | undefined {
    return this.#links.has(segments(path).join('/')) ? undefined : this.#tree.readText(path);
  }

  readAttribute(path: string): string | undefined {
    return this.#links.has(segments(path).join('/')) ? undefined : this.#tree.readAttribute(path);
  }

  readlink(path: string): string | undefined {
    return this.#links.get(segments(path).join('/')) ?? this.#tree.readlink(path);
  }

  sub(path: string, source = this.source): FileTree {
    const prefix = segments(path).join('/');
    if (prefix === '') return this;
    const below = new Map<string, string>();
    for (const [name, target] of this.#links) {
      if (name.startsWith(`${prefix}/`)) below.set(name.slice(prefix.length + 1), target);
    }
    return new LinkedTree(this.#tree.sub(path, source), below);
  }
}

/** The tree with the links of its `symlinks.txt`, or the tree itself when it has none. */
export function withRecordedLinks(tree: FileTree): FileTree {
  const text = tree.readText('symlinks.txt');
  return text === undefined ? tree : new LinkedTree(tree, parseLinks(text, tree.source));
}
