import { IrStop } from '../stop.ts';
import type { Host, OperationCode } from './host.ts';
import { ashr64, below, divide, divideSigned, hex64, high, less, lshr64, mul64, shl64 } from './int64.ts';

/** d = op(a, b) on 64 bits; operands are the places of the low halves. */
const binary =
  (op: (alo: number, ahi: number, blo: number, bhi: number) => number): OperationCode =>
  (_, w, pc, r) => {
    const a = w[pc + 2]!;
    const b = w[pc + 3]!;
    const d = w[pc + 1]!;
    const lo = op(r[a]!, r[a + 1]!, r[b]!, r[b + 1]!);
    r[d + 1] = high;
    r[d] = lo;
    return pc + 4;
  };

const compare =
  (test: (alo: number, ahi: number, blo: number, bhi: number) => boolean): OperationCode =>
  (_, w, pc, r) => {
    const a = w[pc + 2]!;
    const b = w[pc + 3]!;
    const d = w[pc + 1]!;
    r[d] = test(r[a]!, r[a + 1]!, r[b]!, r[b + 1]!) ? 1 : 0;
    r[d + 1] = 0;
    return pc + 4;
  };

const division =
  (op: typeof divide, remainder: boolean): OperationCode =>
  (m, w, pc, r) => {
    const b = w[pc + 3]!;
    if (r[b] === 0 && r[b + 1] === 0) throw new IrStop('undefined', 'division by 0', m.place());
    const a = w[pc + 2]!;
    const d = w[pc + 1]!;
    const lo = op(r[a]!, r[a + 1]!, r[b]!, r[b + 1]!, remainder);
    r[d + 1] = high;
    r[d] = lo;
    return pc + 4;
  };

/** d = op(a, b & 63) */
const shift =
  (op: (lo: number, hi: number, n: number) => number): OperationCode =>
  (_, w, pc, r) => {
    const a = w[pc + 2]!;
    const d = w[pc + 1]!;
    const lo = op(r[a]!, r[a + 1]!, r[w[pc + 3]!]! & 63);
    r[d + 1] = high;
    r[d] = lo;
    return pc + 4;
  };

const unary =
  (op: (m: Host, lo: number, hi: number, bits: number) => number): OperationCode =>
  (m, w, pc, r) => {
    const a = w[pc + 2]!;
    const d = w[pc + 1]!;
    const lo = op(m, r[a]!, r[a + 1]!, w[pc + 3]!);
    r[d + 1] = m.high;
    r[d] = lo;
    return pc + 4;
  };

function popcount(n: number): number {
  let v = n - ((n >>> 1) & 0x55555555);
  v = (v & 0x33333333) + ((v >>> 2) & 0x33333333);
  return Math.imul((v + (v >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

const ctz32 = (n: number): number => (n === 0 ? 32 : 31 - Math.clz32(n & -n));

const swap32 = (n: number): number =>
  ((n & 0xff) << 24) | ((n & 0xff00) << 8) | ((n >>> 8) & 0xff00) | (n >>> 24);

function reverse32(n: number): number {
  let v = ((n >>> 1) & 0x55555555) | ((n & 0x55555555) << 1);
  v = ((v >>> 2) & 0x33333333) | ((v & 0x33333333) << 2);
  v = ((v >>> 4) & 0x0f0f0f0f) | ((v & 0x0f0f0f0f) << 4);
  return swap32(v);
}

/** The upper `bits` of a 64-bit value in reversed bit order. */
function upper(m: Host, lo: number, hi: number, bits: number): number {
  const low = lshr64(lo, hi, 64 - bits);
  m.high = high;
  return low;
}

/** Operations by name; the number of an operation is its place here. */
const OPERATIONS: Readonly<Record<string, OperationCode>> = {
  mov(_, w, pc, r) {
    const a = w[pc + 2]!;
    const d = w[pc + 1]!;
    r[d] = r[a]!;
    r[d + 1] = r[a + 1]!;
    return pc + 3;
  },
  add(_, w, pc, r) {
    const a = w[pc + 2]!;
    const b = w[pc + 3]!;
    const d = w[pc + 1]!;
    const lo = (r[a]! >>> 0) + (r[b]! >>> 0);
    r[d + 1] = r[a + 1]! + r[b + 1]! + (lo >= 4294967296 ? 1 : 0);
    r[d] = lo;
    return pc + 4;
  },
  sub(_, w, pc, r) {
    const a = w[pc + 2]!;
    const b = w[pc + 3]!;
    const d = w[pc + 1]!;
    const lo = (r[a]! >>> 0) - (r[b]! >>> 0);
    r[d + 1] = r[a + 1]! - r[b + 1]! - (lo < 0 ? 1 : 0);
    r[d] = lo;
    return pc + 4;
  },
  and(_, w, pc, r) {
    const a = w[pc + 2]!;
    const b = w[pc + 3]!;
    const d = w[pc + 1]!;
    r[d] = r[a]! & r[b]!;
    r[d + 1] = r[a + 1]! & r[b + 1]!;
    return pc + 4;
  },
  or(_, w, pc, r) {
    const a = w[pc + 2]!;
    const b = w[pc + 3]!;
    const d = w[pc + 1]!;
    r[d] = r[a]! | r[b]!;
    r[d + 1] = r[a + 1]! | r[b + 1]!;
    return pc + 4;
  },
  xor(_, w, pc, r) {
    const a = w[pc + 2]!;
    const b = w[pc + 3]!;
    const d = w[pc + 1]!;
    r[d] = r[a]! ^ r[b]!;
    r[d + 1] = r[a + 1]! ^ r[b + 1]!;
    return pc + 4;
  },
  mul: binary(mul64),
  udiv: division(divide, false),
  urem: division(divide, true),
  sdiv: division(divideSigned, false),
  srem: division(divideSigned, true),
  shl: shift(shl64),
  lshr: shift(lshr64),
  ashr: shift(ashr64),
  /** The low bits of a value; fewer than 64. */
  zext(_, w, pc, r) {
    const a = w[pc + 2]!;
    const d = w[pc + 1]!;
    const bits = w[pc + 3]!;
    if (bits <= 32) {
      r[d] = bits === 32 ? r[a]! : r[a]! & ((1 << bits) - 1);
      r[d + 1] = 0;
    } else {
      r[d] = r[a]!;
      r[d + 1] = r[a + 1]! & ((1 << (bits - 32)) - 1);
    }
    return pc + 4;
  },
  sext(_, w, pc, r) {
    const a = w[pc + 2]!;
    const d = w[pc + 1]!;
    const bits = w[pc + 3]!;
    if (bits <= 32) {
      const lo = (r[a]! << (32 - bits)) >> (32 - bits);
      r[d] = lo;
      r[d + 1] = lo >> 31;
    } else {
      r[d] = r[a]!;
      r[d + 1] = (r[a + 1]! << (64 - bits)) >> (64 - bits);
    }
    return pc + 4;
  },
  eq: compare((alo, ahi, blo, bhi) => alo === blo && ahi === bhi),
  ne: compare((alo, ahi, blo, bhi) => alo !== blo || ahi !== bhi),
  ult: compare(below),
  ule: compare((alo, ahi, blo, bhi) => !below(blo, bhi, alo, ahi)),
  slt: compare(less),
  sle: compare((alo, ahi, blo, bhi) => !less(blo, bhi, alo, ahi)),
  select(_, w, pc, r) {
    const from = w[pc + ((r[w[pc + 2]!]! & 1) !== 0 ? 3 : 4)]!;
    const d = w[pc + 1]!;
    r[d] = r[from]!;
    r[d + 1] = r[from + 1]!;
    return pc + 5;
  },
  /** d = base + index * scale */
  gep(_, w, pc, r) {
    const base = w[pc + 2]!;
    const index = w[pc + 3]!;
    const d = w[pc + 1]!;
    const scale = w[pc + 4]!;
    const low = mul64(r[index]!, r[index + 1]!, scale, 0);
    const lo = (r[base]! >>> 0) + (low >>> 0);
    r[d + 1] = r[base + 1]! + high + (lo >= 4294967296 ? 1 : 0);
    r[d] = lo;
    return pc + 5;
  },
  /** The address of a variable on the stack, by its distance from the frame's. */
  local(m, w, pc, r) {
    const d = w[pc + 1]!;
    const lo = (m.thread.sp >>> 0) + w[pc + 2]!;
    r[d] = lo;
    r[d + 1] = m.thread.stack.hi;
    return pc + 3;
  },
  br(_, w, pc) {
    return w[pc + 1]!;
  },
  condbr(_, w, pc, r) {
    return w[pc + ((r[w[pc + 1]!]! & 1) !== 0 ? 2 : 3)]!;
  },
  /** switch a, otherwise, n, then n times lo, hi, target. */
  switch(_, w, pc, r) {
    const lo = r[w[pc + 1]!]!;
    const hi = r[w[pc + 1]! + 1]!;
    const end = pc + 4 + 3 * w[pc + 3]!;
    for (let i = pc + 4; i < end; i += 3) if (w[i] === lo && w[i + 1] === hi) return w[i + 2]!;
    return w[pc + 2]!;
  },
  load(m, w, pc, r) {
    const at = w[pc + 2]!;
    const size = w[pc + 3]!;
    if (m.observes(r[at]!, r[at + 1]!)) return m.access(pc, w, r, 'load');
    m.memory.load(r[at]!, r[at + 1]!, size);
    const d = w[pc + 1]!;
    r[d] = m.memory.lo;
    r[d + 1] = m.memory.hi;
    return pc + 5;
  },
  store(m, w, pc, r) {
    const at = w[pc + 2]!;
    const size = w[pc + 3]!;
    if (m.observes(r[at]!, r[at + 1]!)) return m.access(pc, w, r, 'store');
    const a = w[pc + 1]!;
    m.memory.store(r[at]!, r[at + 1]!, size, r[a]!, r[a + 1]!);
    return pc + 5;
  },
  /** memset(to, byte, size) */
  fill(m, w, pc, r) {
    const to = w[pc + 1]!;
    const n = w[pc + 3]!;
    if (m.observes(r[to]!, r[to + 1]!)) return m.bulk(pc, w, r, 'fill');
    m.memory.fill(r[to]!, r[to + 1]!, r[n]! >>> 0, r[w[pc + 2]!]! & 0xff);
    return pc + 4;
  },
  /** memmove(to, from, size), and memcpy */
  move(m, w, pc, r) {
    const to = w[pc + 1]!;
    const from = w[pc + 2]!;
    const n = w[pc + 3]!;
    if (m.observes(r[to]!, r[to + 1]!) || m.observes(r[from]!, r[from + 1]!)) return m.bulk(pc, w, r, 'move');
    m.memory.move(r[to]!, r[to + 1]!, r[from]!, r[from + 1]!, r[n]! >>> 0);
    return pc + 4;
  },
  /** Begin or end of the life of a variable on the stack: it counts as not written. */
  forget(m, w, pc, r) {
    const at = w[pc + 1]!;
    m.memory.forgetBytes(r[at]!, r[at + 1]!, w[pc + 2]!);
    return pc + 3;
  },
  /** call function, d, n, then n registers. */
  call(m, w, pc, r) {
    return m.call(w[pc + 1]!, pc, w, r);
  },
  /** The same with the address of the function in a register. */
  callat(m, w, pc, r) {
    const at = w[pc + 1]!;
    const number = m.functionAt(r[at]!, r[at + 1]!);
    if (number < 0) throw new IrStop('external', `what is at ${hex64(r[at]!, r[at + 1]!)}`, m.place());
    return m.call(number, pc, w, r);
  },
  ret(m, w, pc, r) {
    return m.leave(pc, w, r);
  },
  /** asm number, d, n registers, m targets. */
  asm(m, w, pc, r) {
    return m.asm(pc, w, r);
  },
  stop(m, w, pc) {
    throw m.stopAt(w[pc + 1]!);
  },
  ctpop: unary((m, lo, hi) => {
    m.high = 0;
    return popcount(lo) + popcount(hi);
  }),
  /** Leading zeros of a value of so many bits. */
  ctlz: unary((m, lo, hi, bits) => {
    m.high = 0;
    return (hi !== 0 ? Math.clz32(hi) : 32 + Math.clz32(lo)) - (64 - bits);
  }),
  cttz: unary((m, lo, hi, bits) => {
    m.high = 0;
    return Math.min(bits, lo !== 0 ? ctz32(lo) : 32 + ctz32(hi));
  }),
  bswap: unary((m, lo, hi, bits) => upper(m, swap32(hi), swap32(lo), bits)),
  bitreverse: unary((m, lo, hi, bits) => upper(m, reverse32(hi), reverse32(lo), bits)),
};

const NAMES = Object.keys(OPERATIONS);
export const TABLE: readonly OperationCode[] = Object.values(OPERATIONS);

const numbers = new Map(NAMES.map((name, i) => [name, i]));

/** The number of an operation. */
export function opcode(name: string): number {
  const number = numbers.get(name);
  if (number === undefined) throw new Error(`no operation ${name}`);
  return number;
}
