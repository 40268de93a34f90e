import { closeSync, openSync, readSync } from 'node:fs';

/** Bytes read at once. */
const CHUNK = 2 ** 18;

/**
 * The lines of a file of any length, at constant memory; undefined if it cannot be opened.
 * @throws nothing: what cannot be read on ends the lines
 */
export function linesOf(path: string): Iterable<string> | undefined {
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch {
    return undefined;
  }
  return lines(fd);
}

function* lines(fd: number): Generator<string> {
  const buffer = Buffer.alloc(CHUNK);
  let rest = '';
  try {
    for (;;) {
      const length = readSync(fd, buffer, 0, CHUNK, null);
      if (length === 0) break;
      const parts = (rest + buffer.toString('latin1', 0, length)).split('\n');
      rest = parts.pop()!;
      yield* parts;
    }
  } catch {
    // a file of the kernel may end in an error
  } finally {
    closeSync(fd);
  }
  if (rest !== '') yield rest;
}
