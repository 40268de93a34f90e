/**
 * Arithmetic on 64-bit integers represented as two signed 32-bit halves. Functions return the low half of the result
 * and store the high half in {@link high}, so no objects are allocated.
 */
export let high = 0;

/** The low half of a * b, modulo 2^64. */
export function mul64(alo: number, ahi: number, blo: number, bhi: number): number {
  const a0 = alo & 0xffff;
  const a1 = alo >>> 16;
  const b0 = blo & 0xffff;
  const b1 = blo >>> 16;
  const low = a0 * b0;
  const mid = a1 * b0 + (low >>> 16);
  const mid2 = a0 * b1 + (mid & 0xffff);
  const carry = a1 * b1 + Math.floor(mid / 0x10000) + Math.floor(mid2 / 0x10000);
  high = (carry + Math.imul(alo, bhi) + Math.imul(ahi, blo)) | 0;
  return Math.imul(alo, blo);
}

/** Shifts by 0 to 63. */
export function shl64(lo: number, hi: number, n: number): number {
  if (n === 0) {
    high = hi;
    return lo;
  }
  if (n >= 32) {
    high = lo << (n - 32);
    return 0;
  }
  high = (hi << n) | (lo >>> (32 - n));
  return lo << n;
}

export function lshr64(lo: number, hi: number, n: number): number {
  if (n === 0) {
    high = hi;
    return lo;
  }
  if (n >= 32) {
    high = 0;
    return (hi >>> (n - 32)) | 0;
  }
  high = (hi >>> n) | 0;
  return (lo >>> n) | (hi << (32 - n));
}

export function ashr64(lo: number, hi: number, n: number): number {
  if (n === 0) {
    high = hi;
    return lo;
  }
  if (n >= 32) {
    high = hi >> 31;
    return hi >> (n - 32);
  }
  high = hi >> n;
  return (lo >>> n) | (hi << (32 - n));
}

const big = (lo: number, hi: number): bigint => (BigInt(hi >>> 0) << 32n) | BigInt(lo >>> 0);

/** A BigInt's low 64 bits: the low half, and the high one in {@link high}. */
function small(n: bigint): number {
  high = Number((n >> 32n) & 0xffffffffn) | 0;
  return Number(n & 0xffffffffn) | 0;
}

/** Unsigned quotient or remainder; the divisor is not 0. */
export function divide(alo: number, ahi: number, blo: number, bhi: number, remainder: boolean): number {
  if (ahi === 0 && bhi === 0) {
    high = 0;
    const a = alo >>> 0;
    const b = blo >>> 0;
    return (remainder ? a % b : Math.floor(a / b)) | 0;
  }
  const a = big(alo, ahi);
  const b = big(blo, bhi);
  return small(remainder ? a % b : a / b);
}

/** Signed quotient or remainder, rounded towards 0; the divisor is not 0. */
export function divideSigned(alo: number, ahi: number, blo: number, bhi: number, remainder: boolean): number {
  const a = BigInt.asIntN(64, big(alo, ahi));
  const b = BigInt.asIntN(64, big(blo, bhi));
  return small(BigInt.asUintN(64, remainder ? a % b : a / b));
}

/** Whether a < b, both unsigned. */
export const below = (alo: number, ahi: number, blo: number, bhi: number): boolean =>
  ahi === bhi ? alo >>> 0 < blo >>> 0 : ahi >>> 0 < bhi >>> 0;

/** Whether a < b, both signed. */
export const less = (alo: number, ahi: number, blo: number, bhi: number): boolean =>
  ahi === bhi ? alo >>> 0 < blo >>> 0 : ahi < bhi;

/** The address as 16 hex digits. */
export const hex64 = (lo: number, hi: number): string =>
  (hi >>> 0).toString(16).padStart(8, '0') + (lo >>> 0).toString(16).padStart(8, '0');
