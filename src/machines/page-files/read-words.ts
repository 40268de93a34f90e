import { closeSync, openSync, readSync } from 'node:fs';
import { codeOf, reason } from '../../errors/system-error.ts';

/** Files of /proc with a word of 64 bits per page: kpageflags, kpagecount. */

/** Bytes read at once. */
const CHUNK = 2 ** 20;

/** Called with runs of equal words, ascending; `low` and `high` are the halves of the word. */
export type TakeRun = (pfn: number, nr: number, low: number, high: number) => void;

/** Words are compared in pairs of halves at once: as numbers they are tiny, and equal if and only if their bits are. */
function runsIn(bytes: Buffer, words: number, firstPfn: number, take: TakeRun): void {
  const whole = new Float64Array(bytes.buffer, bytes.byteOffset, words);
  const halves = new Uint32Array(bytes.buffer, bytes.byteOffset, words * 2);
  for (let i = 0; i < words; ) {
    const word = whole[i]!;
    const start = i;
    i++;
    while (i < words && whole[i] === word) i++;
    take(firstPfn + start, i - start, halves[start * 2]!, halves[start * 2 + 1]!);
  }
}

/**
 * Streams the words of a file from a pfn on; its memory does not depend on the file's size.
 * @returns why it cannot be read; undefined if it was
 */
export function readWords(
  path: string,
  ranges: readonly (readonly [pfn: number, end: number])[],
  take: TakeRun,
): string | undefined {
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch (error) {
    return reason(codeOf(error) ?? String(error));
  }
  const buffer = Buffer.from(new ArrayBuffer(CHUNK));
  try {
    for (const [first, end] of ranges)
      for (let pfn = first; pfn < end; ) {
        const want = Math.min(CHUNK, (end - pfn) * 8);
        const length = readSync(fd, buffer, 0, want, pfn * 8);
        const words = Math.floor(length / 8);
        if (words === 0) break;
        runsIn(buffer, words, pfn, take);
        pfn += words;
      }
    return undefined;
  } catch (error) {
    return reason(codeOf(error) ?? String(error));
  } finally {
    closeSync(fd);
  }
}
