import { closeSync, constants, lstatSync, openSync, readdirSync, readlinkSync, readSync } from 'node:fs';
import { InputError } from '../../errors/input-error.ts';
import { codeOf, reason } from '../../errors/system-error.ts';
import { DEFAULT_LIMITS, type Limits } from './limits.ts';
import { decodeText, type FileKind, type FileTree, segments } from './tree.ts';

const CHUNK = 64 * 1024;
const PAGE = 4096;
const chunk = Buffer.allocUnsafe(CHUNK);

/**
 * A directory of this host as a file tree. With the root `/` it is the live host: files of /proc and /sys are read when
 * they are asked for. The operating system follows links; they may leave the directory.
 */
export class DirTree implements FileTree {
  readonly source: string;
  readonly unreadable = new Map<string, string>();
  readonly #root: string;
  readonly #limits: Limits;

  /**
   * @param root the directory
   * @param source the name for messages
   */
  constructor(root: string, source: string = root, limits: Limits = DEFAULT_LIMITS) {
    this.#root = root.endsWith('/') ? root : `${root}/`;
    this.source = source;
    this.#limits = limits;
  }

  kind(path: string): FileKind | undefined {
    try {
      const stat = lstatSync(this.#full(path));
      return stat.isSymbolicLink() ? 'link' : stat.isDirectory() ? 'dir' : 'file';
    } catch (error) {
      return this.#absent(path, error);
    }
  }

  list(path: string): readonly string[] | undefined {
    try {
      return readdirSync(this.#full(path)).sort();
    } catch (error) {
      if (codeOf(error) === 'ENOTDIR' && this.kind(path) !== undefined) {
        throw new InputError(this.source, path, 'is not a directory');
      }
      return this.#absent(path, error);
    }
  }

  readText(path: string): string | undefined {
    return this.#read(path, (fd) => this.#readAll(fd, path));
  }

  readAttribute(path: string): string | undefined {
    return this.#read(path, (fd) => {
      const length = readSync(fd, chunk, 0, PAGE, null);
      return length === PAGE
        ? this.#readRest(fd, path, length)
        : decodeText(chunk, this.source, path, length);
    });
  }

  readlink(path: string): string | undefined {
    try {
      return readlinkSync(this.#full(path));
    } catch (error) {
      // EINVAL: the path exists and is not a link.
      return codeOf(error) === 'EINVAL' ? undefined : this.#absent(path, error);
    }
  }

  sub(path: string, source = this.source): DirTree {
    return new DirTree(this.#full(path), source, this.#limits);
  }

  /** Where a file of the tree lies on this host, for a reader of bytes. */
  pathOf(path: string): string {
    return this.#full(path);
  }

  #read(path: string, use: (fd: number) => string): string | undefined {
    let fd: number;
    try {
      // Without O_NONBLOCK a named pipe would wait for a writer.
      fd = openSync(this.#full(path), constants.O_RDONLY | constants.O_NONBLOCK);
    } catch (error) {
      return this.#absent(path, error);
    }
    try {
      return use(fd);
    } catch (error) {
      if (codeOf(error) === 'EISDIR') throw new InputError(this.source, path, 'is a directory, not a file');
      return this.#absent(path, error);
    } finally {
      closeSync(fd);
    }
  }

  /** The size of a /proc or /sys file is meaningless, and the file may be delivered in pieces: read until the end. */
  #readAll(fd: number, path: string): string {
    const first = readSync(fd, chunk, 0, CHUNK, null);
    return first === 0 ? '' : this.#readRest(fd, path, first);
  }

  #readRest(fd: number, path: string, first: number): string {
    const parts: Buffer[] = [Buffer.from(chunk.subarray(0, first))];
    let total = first;
    for (;;) {
      const length = readSync(fd, chunk, 0, CHUNK, null);
      if (length === 0) break;
      total += length;
      if (total > this.#limits.file) {
        throw new InputError(this.source, path, `is larger than ${this.#limits.file} bytes`);
      }
      parts.push(Buffer.from(chunk.subarray(0, length)));
    }
    return decodeText(parts.length === 1 ? parts[0]! : Buffer.concat(parts), this.source, path);
  }

  #full(path: string): string {
    if (!path.includes('..')) return path.startsWith('/') ? this.#root + path.slice(1) : this.#root + path;
    const names = segments(path);
    if (names.includes('..')) throw new InputError(this.source, path, 'leaves the directory');
    return this.#root + names.join('/');
  }

  #absent(path: string, error: unknown): undefined {
    if (error instanceof InputError) throw error;
    const code = codeOf(error);
    if (code === undefined) throw error;
    if (code !== 'ENOENT' && code !== 'ENOTDIR') this.unreadable.set(path, reason(code));
    return undefined;
  }
}
