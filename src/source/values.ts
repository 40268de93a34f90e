import type { Descriptor } from '../hardware/descriptor/descriptor.ts';
import type { Int64 } from '../ir/read/values.ts';

/** Values of the kernel's C as values of the model, and back. A kernel address is its distance from 2^64. */

const WORD = 2 ** 32;

export const ZERO: Int64 = { lo: 0, hi: 0 };

/** The word of a safe integer. */
export const wordOf = (n: number): Int64 => ({ lo: n | 0, hi: Math.floor(n / WORD) | 0 });

/** A 64-bit word as a signed number; exact for kernel addresses and physical ones, not for every word. */
export const numberOf = ({ lo, hi }: Int64): number => hi * WORD + (lo >>> 0);

/** The low 32 bits as a C int. */
export const intOf = ({ lo }: Int64): number => lo | 0;

export const equal = (a: Int64, b: Int64): boolean => a.lo === b.lo && a.hi === b.hi;

export const bigOf = ({ lo, hi }: Int64): bigint => (BigInt(hi >>> 0) << 32n) | BigInt(lo >>> 0);

export const hexOf = (word: Int64): string => `0x${bigOf(word).toString(16)}`;

/** A page table entry. */
export const descriptorOf = ({ lo, hi }: Int64): Descriptor => ({
  addr: (hi & 0xffff) * WORD + ((lo & ~0xfff) >>> 0),
  attr: (lo & 0xfff) | ((hi >>> 16) << 12),
});

export const wordOfDescriptor = ({ addr, attr }: Descriptor): Int64 => ({
  lo: addr | 0 | (attr & 0xfff),
  hi: (Math.floor(addr / WORD) & 0xffff) | ((attr >>> 12) << 16),
});
