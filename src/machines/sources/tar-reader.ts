import { Parser, type ReadEntry } from 'tar';
import { InputError, quote } from '../../errors/input-error.ts';
import { sniff } from './decompress.ts';
import type { Limits } from './limits.ts';
import { MemTree } from './mem-tree.ts';
import { segments } from './tree.ts';

/** The most bytes after the end mark: tar fills up to a record, tapes to more. */
const MAX_BEHIND = 16 * 2 ** 20;
/** PATH_MAX of Linux. */
const MAX_PATH = 4096;

/** Takes the bytes of a tar file in pieces and builds the tree of its wanted members. */
export class TarReader {
  readonly #source: string;
  readonly #limits: Limits;
  readonly #wanted: (path: string) => boolean;
  readonly #tree: MemTree;
  readonly #parser: Parser;
  #head: Uint8Array | undefined = new Uint8Array(0);
  #members = 0;
  #kept = 0;
  #ended = false;
  #over = false;
  #behind = 0;

  constructor(source: string, limits: Limits, wanted: (path: string) => boolean) {
    this.#source = source;
    this.#limits = limits;
    this.#wanted = wanted;
    this.#tree = new MemTree(source);
    this.#parser = new Parser({
      filter: (path, entry) => this.#filter(path, entry as ReadEntry),
      onReadEntry: (entry) => this.#take(entry),
      onwarn: (_code, message) => {
        throw new InputError(source, this.#place(), `is not an intact tar archive (${String(message)})`);
      },
    });
    // One block of zeros may end an archive, two do.
    this.#parser.on('nullBlock', () => {
      this.#ended = true;
    });
    this.#parser.on('eof', () => {
      this.#over = true;
    });
  }

  write(chunk: Uint8Array): void {
    if (this.#head !== undefined) {
      // The parser would decompress data that looks compressed; a second layer is not wanted.
      const head = Buffer.concat([this.#head, chunk]);
      if (head.length < 512) {
        this.#head = head;
        return;
      }
      this.#head = undefined;
      if (sniff(head) !== undefined) throw new InputError(this.#source, '', 'is packed twice');
      this.#feed(head);
    } else {
      this.#feed(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength));
    }
  }

  end(): MemTree {
    if (this.#head !== undefined) {
      const packed = sniff(this.#head) !== undefined;
      throw new InputError(
        this.#source,
        '',
        packed ? 'is packed twice' : 'is not a tar archive: shorter than 512 bytes',
      );
    }
    if (!this.#ended)
      throw new InputError(this.#source, this.#place(), 'is truncated: the end mark is missing');
    return this.#tree;
  }

  #feed(bytes: Buffer): void {
    if (this.#over) {
      // The parser would collect all of it.
      this.#behind += bytes.length;
      if (this.#behind <= MAX_BEHIND) return;
      throw new InputError(this.#source, '', `goes on for more than ${MAX_BEHIND} bytes behind its end mark`);
    }
    try {
      this.#parser.write(bytes);
    } catch (error) {
      if (error instanceof InputError) throw error;
      throw new InputError(
        this.#source,
        this.#place(),
        `is not an intact tar archive (${(error as Error).message})`,
      );
    }
  }

  #place(): string {
    return this.#members === 0 ? '' : `member ${this.#members}`;
  }

  #filter(path: string, entry: ReadEntry): boolean {
    this.#members++;
    if (this.#members > this.#limits.members) {
      throw new InputError(this.#source, '', `has more than ${this.#limits.members} members`);
    }
    const names = segments(path);
    if (path.length > MAX_PATH || (entry.linkpath?.length ?? 0) > MAX_PATH) {
      throw new InputError(this.#source, this.#place(), `has a path of more than ${MAX_PATH} characters`);
    }
    if (names.includes('..')) {
      throw new InputError(this.#source, this.#place(), `path ${quote(path)} leaves the archive`);
    }
    if (names.length === 0 || !this.#wanted(names.join('/'))) return false;
    if (entry.size > this.#limits.file) {
      throw new InputError(this.#source, names.join('/'), `is larger than ${this.#limits.file} bytes`);
    }
    this.#kept += entry.size + path.length;
    if (this.#kept > this.#limits.kept) {
      throw new InputError(this.#source, '', `has more than ${this.#limits.kept} bytes of wanted files`);
    }
    return true;
  }

  #take(entry: ReadEntry): void {
    const path = segments(entry.path).join('/');
    switch (entry.type) {
      case 'File':
      case 'OldFile':
      case 'ContiguousFile': {
        const pieces: Buffer[] = [];
        entry.on('data', (piece) => {
          // A copy: a view would keep the whole read buffer in memory.
          pieces.push(Buffer.from(piece));
        });
        entry.on('end', () => {
          this.#tree.addFile(path, pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces));
        });
        return;
      }
      case 'Directory':
      case 'GNUDumpDir':
        this.#tree.addDir(path);
        break;
      case 'SymbolicLink':
        this.#tree.addLink(path, entry.linkpath ?? '');
        break;
      case 'Link':
        this.#tree.addHardLink(path, entry.linkpath ?? '');
        break;
      default:
    }
    entry.resume();
  }
}
