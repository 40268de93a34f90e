import { z } from 'zod';
import { BadOperation } from '../../../errors/bad-operation.ts';
import { parseSize, SIZE_PATTERN } from '../../../machines/text/size.ts';
import { ERRNO, type Errno } from '../../../steps/errno.ts';

/** Values that several kinds of steps take, as in a file, and their meaning. */

const NO_SIZE = { error: 'is not a number of bytes such as 134217728, "128M" or "0x8000000"' };
export const size = z.union(
  [z.int(NO_SIZE).min(0, NO_SIZE), z.string().regex(SIZE_PATTERN, NO_SIZE)],
  NO_SIZE,
);
export const nid = z.int().min(0).max(1023);
/** The number of a region of an NVDIMM, or of a virtio device. */
export const deviceNumber = z.int().min(0).max(1023);
export const word = z.string().min(1).max(256);
export const text = z.string().max(65_536);
export const range = { start: size, size };

const NO_RESULT = { error: 'is not a result: success, BUG, any, or an errno such as EBUSY' };

/** The expected result of an operation; success is the default. */
export const result = {
  expect: z
    .enum(['success', 'BUG', 'any', ...(Object.keys(ERRNO) as Errno[])], NO_RESULT)
    .optional()
    .meta({ description: 'success (default), an errno such as EBUSY, BUG, or any' }),
  message: word.optional().meta({ description: 'A kernel message of this operation contains this text' }),
  warning: word.optional().meta({ description: 'The kernel warns, and its warning contains this text' }),
};

/** @throws BadOperation past 2^52, where physical addresses end */
export function bytes(value: number | string): number {
  const n = typeof value === 'number' ? value : parseSize(value);
  if (n === undefined || n > 2 ** 52) throw new BadOperation(`${value} is past 2^52`);
  return n;
}

export const hex = (n: number): string => `0x${n.toString(16)}`;

export interface Range {
  readonly start: number | string;
  readonly size: number | string;
}

/** The start and size in bytes. @throws BadOperation if the range ends past 2^52 */
export function rangeOf({ start, size }: Range): [start: number, size: number] {
  const [at, long] = [bytes(start), bytes(size)];
  if (at + long > 2 ** 52) throw new BadOperation(`${hex(at)}+${hex(long)} ends past 2^52`);
  return [at, long];
}

/** "0x140000000+0x8000000" */
export const rangeText = (range: Range): string => rangeOf(range).map(hex).join('+');

/** "0x140000000, 0x8000000", as arguments. */
export const rangeArguments = (range: Range): string => rangeOf(range).map(hex).join(', ');

/** The first pfn that a range touches, and the one behind the last. */
export function pfnsOf(range: Range, PAGE_SIZE: number): [first: number, end: number] {
  const [start, size] = rangeOf(range);
  return [Math.floor(start / PAGE_SIZE), Math.ceil((start + size) / PAGE_SIZE)];
}
