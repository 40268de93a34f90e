import { InputError } from '../../errors/input-error.ts';

export type FileKind = 'file' | 'dir' | 'link';

/**
 * A small read-only file tree: a directory of this host, an archive, a step of a recording. Paths are relative to the
 * root of the tree, with `/` between names; a leading `/` is ignored. Nothing is modified, everything is synchronous.
 */
export interface FileTree {
  /** Its origin as the user named it; the file of every {@link InputError}. */
  readonly source: string;
  /** Paths that exist but could not be read, with the reason ("permission denied"). */
  readonly unreadable: ReadonlyMap<string, string>;
  /** The kind of the path itself, links not followed; undefined if nothing is there. */
  kind(path: string): FileKind | undefined;
  /**
   * The names in a directory, in code unit order, or undefined if it does not exist (or may not be read).
   * @throws InputError if it is not a directory
   */
  list(path: string): readonly string[] | undefined;
  /**
   * The text of a file, links followed, or undefined if it does not exist (or may not be read). NUL bytes at its end
   * are dropped: archives of sysfs pad every file to its nominal size of one page.
   * @throws InputError if it is a directory, is not UTF-8, or exceeds the limits
   */
  readText(path: string): string | undefined;
  /**
   * Like {@link readText}, for a sysfs attribute: a file of less than 4096 bytes that is read in one piece. Faster on a
   * live host with tens of thousands of them.
   */
  readAttribute(path: string): string | undefined;
  /** The target of a link as written, or undefined if the path is not a link. */
  readlink(path: string): string | undefined;
  /** The tree below a directory, which becomes the root; links cannot leave it. */
  sub(path: string, source?: string): FileTree;
}

/** The names of which a path consists, without empty names and `.`. */
export function segments(path: string): string[] {
  return path.split('/').filter((name) => name !== '' && name !== '.');
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** What is wrong with bytes that are no text. */
export const NOT_TEXT = 'is not UTF-8 text';

/** Decodes a file's first `length` bytes, without the NUL padding at the end. */
export function decodeText(bytes: Uint8Array, source: string, path: string, length = bytes.length): string {
  let end = length;
  while (end > 0 && bytes[end - 1] === 0) end--;
  if (end < 64) {
    const text = asciiText(bytes, end);
    if (text !== undefined) return text;
  }
  try {
    return utf8.decode(bytes.subarray(0, end));
  } catch {
    throw new InputError(source, path, NOT_TEXT);
  }
}

function asciiText(bytes: Uint8Array, end: number): string | undefined {
  let text = '';
  for (let i = 0; i < end; i++) {
    const byte = bytes[i]!;
    if (byte >= 0x80) return undefined;
    text += String.fromCharCode(byte);
  }
  return text;
}
