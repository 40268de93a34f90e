import { quote } from '../../errors/input-error.ts';
import { type FileKind, type FileTree, segments } from './tree.ts';

/** The file that lists links. */
export const LINKS = 'symlinks.txt';

interface RecordedLinks {
  /** Targets by path, without the leading `/`. */
  readonly links: ReadonlyMap<string, string>;
  /** The lines that name no link, and why. */
  readonly unreadable: ReadonlyMap<string, string>;
}

/**
 * A recording made by a program that cannot store links lists them in `symlinks.txt`: one "path target" per line, the
 * path absolute in the guest, the target as readlink returned it. A line of another form is left out, and named.
 */
function parseLinks(text: string): RecordedLinks {
  const links = new Map<string, string>();
  const unreadable = new Map<string, string>();
  for (const [i, line] of text.split(/\r?\n/).entries()) {
    if (line === '') continue;
    const blank = line.indexOf(' ');
    const path = segments(line.slice(0, Math.max(0, blank)));
    if (blank <= 0 || blank === line.length - 1 || path.length === 0 || path.includes('..'))
      unreadable.set(`${LINKS} line ${i + 1}`, `${quote(line)} is not "path target"`);
    else links.set(path.join('/'), line.slice(blank + 1));
  }
  return { links, unreadable };
}

/** A tree with links added by name. They are listed and can be read as links; they are not followed. */
class LinkedTree implements FileTree {
  readonly source: string;
  readonly #tree: FileTree;
  readonly #links: ReadonlyMap<string, string>;
  readonly #unreadable: ReadonlyMap<string, string>;
  readonly #names = new Map<string, string[]>();

  constructor(tree: FileTree, { links, unreadable }: RecordedLinks) {
    this.source = tree.source;
    this.#tree = tree;
    this.#links = links;
    this.#unreadable = unreadable;
    for (const path of links.keys()) {
      const slash = path.lastIndexOf('/');
      const dir = slash < 0 ? '' : path.slice(0, slash);
      const names = this.#names.get(dir) ?? [];
      names.push(path.slice(slash + 1));
      this.#names.set(dir, names);
    }
  }

  get unreadable(): ReadonlyMap<string, string> {
    return this.#unreadable.size === 0
      ? this.#tree.unreadable
      : new Map([...this.#tree.unreadable, ...this.#unreadable]);
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
    return new LinkedTree(this.#tree.sub(path, source), { links: below, unreadable: new Map() });
  }
}

/** The tree with the links of its `symlinks.txt`, or the tree itself when it has none. */
export function withRecordedLinks(tree: FileTree): FileTree {
  const text = tree.readText(LINKS);
  return text === undefined ? tree : new LinkedTree(tree, parseLinks(text));
}
