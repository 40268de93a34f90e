import { z } from 'zod';
import { BadOperation } from '../../../errors/bad-operation.ts';
import { parseSize, SIZE_PATTERN } from '../../../machines/text/size.ts';
import { ERRNO, type Errno } from '../../../steps/errno.ts';
import type { MemModel } from '../../boot/memmap-boot.ts';
import type { MemConfig } from '../../kernel/config.ts';
import { order_of } from '../../kernel/hugetlb/hstate.ts';
import { pfn_to_pointer } from '../../kernel/memory_model.ts';

/** Values that several kinds of steps take, and their meaning. */

const NO_SIZE = { error: 'is not a number of bytes such as 134217728, "128M" or "0x8000000"' };
export const size = z
  .union([z.int(NO_SIZE).min(0, NO_SIZE), z.string().regex(SIZE_PATTERN, NO_SIZE)], NO_SIZE)
  .transform((value) => (typeof value === 'number' ? value : (parseSize(value) ?? Number.NaN)))
  .refine((bytes) => bytes <= 2 ** 52, { error: 'is past 2^52' });
export const word = z.string().min(1).max(256);
export const nid = z.int().min(0).max(1023);
export const range = { start: size, size };

const NO_RESULT = { error: 'is not a result: success, unusable, BUG, any, or an errno such as EINVAL' };
export const result = {
  expect: z
    .enum(['success', 'unusable', 'BUG', 'any', ...(Object.keys(ERRNO) as Errno[])], NO_RESULT)
    .optional(),
  message: word.optional().meta({ description: 'A kernel message of this operation contains this text' }),
};

export const hex = (n: number): string => `0x${n.toString(16)}`;
export const rangeText = (start: number, bytes: number): string => `${hex(start)}+${hex(bytes)}`;

/** @throws BadOperation if the address is not that of a page */
export function pfnOf(c: MemConfig, at: number): number {
  if (at % c.PAGE_SIZE) throw new BadOperation(`${hex(at)} is not a multiple of the page size`);
  return at / c.PAGE_SIZE;
}

/** The pointer to the struct page of a physical address. @throws BadOperation if it has none */
export function pageOf({ kernel: { c }, world }: MemModel, at: number): number {
  const pointer = pfn_to_pointer.run(world, c, pfnOf(c, at));
  if (pointer === null || typeof world.places.get(pointer) !== 'number')
    throw new BadOperation(`${hex(at)} has no struct page`);
  return pointer;
}

/** @throws BadOperation if no huge page has this size */
export function orderOf(c: MemConfig, bytes: number): number {
  const order = order_of(c, bytes);
  if (!Number.isInteger(order) || order < 1)
    throw new BadOperation(`${hex(bytes)} is not a size of a huge page`);
  return order;
}
