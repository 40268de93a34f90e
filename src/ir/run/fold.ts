import type { Int64 } from '../read/values.ts';
import { IrStop } from '../stop.ts';
import { ashr64, high, lshr64, mul64, shl64 } from './int64.ts';

/** a + n for a safe integer n, modulo 2^64. */
export function add64(a: Int64, n: number): Int64 {
  const low = (a.lo >>> 0) + (n % 2 ** 32);
  const lo = low | 0;
  return { lo, hi: (a.hi + Math.trunc(n / 2 ** 32) + Math.floor(low / 2 ** 32)) | 0 };
}

/** An operation on two constants of 64 bits. */
export function foldBinary(op: string, a: Int64, b: Int64): Int64 {
  switch (op) {
    case 'add': {
      const low = (a.lo >>> 0) + (b.lo >>> 0);
      return { lo: low | 0, hi: (a.hi + b.hi + (low >= 2 ** 32 ? 1 : 0)) | 0 };
    }
    case 'sub': {
      const low = (a.lo >>> 0) - (b.lo >>> 0);
      return { lo: low | 0, hi: (a.hi - b.hi - (low < 0 ? 1 : 0)) | 0 };
    }
    case 'mul':
      return { lo: mul64(a.lo, a.hi, b.lo, b.hi), hi: high };
    case 'and':
      return { lo: a.lo & b.lo, hi: a.hi & b.hi };
    case 'or':
      return { lo: a.lo | b.lo, hi: a.hi | b.hi };
    case 'xor':
      return { lo: a.lo ^ b.lo, hi: a.hi ^ b.hi };
    case 'shl':
      return { lo: shl64(a.lo, a.hi, b.lo & 63), hi: high };
    case 'lshr':
      return { lo: lshr64(a.lo, a.hi, b.lo & 63), hi: high };
    case 'ashr':
      return { lo: ashr64(a.lo, a.hi, b.lo & 63), hi: high };
    default:
      throw new IrStop('constant', op, 'module');
  }
}
