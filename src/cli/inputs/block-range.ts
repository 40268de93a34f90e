import { InputError, quote } from '../../errors/input-error.ts';
import { parseSize } from '../../machines/text/size.ts';

/** Bytes, at the end exclusive. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

const NUMBER = /^\d{1,9}$/;
const HEX = /^0x[0-9a-f]{1,13}$/i;

/** "0x140000000-0x147ffffff" as in lsmem, "0x140000000+128M"; undefined for other texts. */
export function bytesIn(text: string): ByteRange | undefined {
  const [, first, sign, second] = /^(0x[0-9a-f]{1,13})(?:([-+])(.+))?$/i.exec(text) ?? [];
  if (first === undefined) return undefined;
  const start = Number(first);
  if (sign === undefined) return { start, end: start + 1 };
  const more = sign === '-' && HEX.test(second!) ? Number(second) + 1 - start : parseSize(second!);
  return more === undefined || more <= 0 ? undefined : { start, end: start + more };
}

/**
 * The blocks that an argument names, ascending: 42, memory42, 40..47, 40-47, 0x140000000, 0x140000000-0x147ffffff,
 * 0x140000000+128M. A range need not be whole blocks.
 * @throws InputError for another text, or if the machine has none of these blocks
 */
export function blocksNamed(text: string, all: Iterable<number>, blockSize: number): number[] {
  const known = [...all].sort((a, b) => a - b);
  const plain = text.replaceAll('memory', '');
  const [first, last, ...more] = plain.split(/\.\.|-/);
  let wanted: (id: number) => boolean;
  const range = bytesIn(text);
  if (range) wanted = (id) => id * blockSize < range.end && (id + 1) * blockSize > range.start;
  else if (more.length === 0 && NUMBER.test(first!) && (last === undefined || NUMBER.test(last)))
    wanted = (id) => id >= Number(first) && id <= Number(last ?? first);
  else
    throw new InputError(
      'BLOCK',
      '',
      `${quote(text)} is no block: use memory42, 42, 40..47, 0x140000000, 0x140000000-0x147ffffff or 0x140000000+128M`,
    );
  const found = known.filter(wanted);
  if (found.length > 0) return found;
  const [low, high] = [known[0], known.at(-1)];
  const has = low === undefined ? 'it has none' : `it has memory${low} to memory${high}`;
  throw new InputError('BLOCK', '', `the machine has no block ${quote(text)}: ${has}`);
}
