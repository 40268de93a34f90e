import type { Type } from '../read/types.ts';
import type { TypedValue } from '../read/values.ts';
import { IrStop } from '../stop.ts';
import type { Assembler, Register } from './assembler.ts';

/** The services that the translation of an intrinsic needs. */
export interface Operands {
  readonly assembler: Assembler;
  /** The register of a value of one part. */
  operand(value: TypedValue): Register;
  /** The same, sign-extended to 64 bits. */
  signed(value: TypedValue): Register;
  integer(n: number): Register;
  bits(type: Type): number;
  /** Truncates a result to the bits of its type. */
  narrow(d: Register, bits: number): void;
}

type Intrinsic = (t: Operands, d: Register | null, args: readonly TypedValue[], where: string) => void;

/** Intrinsics that inform the compiler and have no effect at run time. */
const nothing: Intrinsic = () => {};

const first: Intrinsic = (t, d, args) => t.assembler.emit('mov', d!, [t.operand(args[0]!)]);

const count =
  (op: string): Intrinsic =>
  (t, d, args) =>
    t.assembler.emit(op, d!, [t.operand(args[0]!)], [t.bits(args[0]!.type)]);

/** The minimum or maximum of two values. */
const extreme =
  (compare: string, least: boolean): Intrinsic =>
  (t, d, args) => {
    const a = t.operand(args[0]!);
    const b = t.operand(args[1]!);
    const signed = compare === 'slt';
    const c = t.assembler.registers();
    const operands = signed ? [t.signed(args[0]!), t.signed(args[1]!)] : [a, b];
    t.assembler.emit(compare, c, operands);
    t.assembler.emit('select', d!, least ? [c, a, b] : [c, b, a]);
  };

/** `{ result, overflow flag }` of an operation on signed or unsigned integers of up to 32 bits, and 64 unsigned. */
const overflowing =
  (op: 'add' | 'sub' | 'mul', signed: boolean): Intrinsic =>
  (t, d, args, where) => {
    const { assembler } = t;
    const bits = t.bits(args[0]!.type);
    if (bits === 64) {
      if (signed || op === 'mul') throw new IrStop('intrinsic', `${op} with overflow of i64`, where);
      const a = t.operand(args[0]!);
      const b = t.operand(args[1]!);
      const sum = assembler.registers();
      assembler.emit(op, sum, [a, b]);
      assembler.emit('ult', d! + 1, op === 'add' ? [sum, a] : [a, b]);
      assembler.emit('mov', d!, [sum]);
      return;
    }
    if (bits > 32) throw new IrStop('intrinsic', `${op} with overflow of i${bits}`, where);
    const a = signed ? t.signed(args[0]!) : t.operand(args[0]!);
    const b = signed ? t.signed(args[1]!) : t.operand(args[1]!);
    const wide = assembler.registers();
    const back = assembler.registers();
    assembler.emit(op, wide, [a, b]);
    assembler.emit(signed ? 'sext' : 'zext', back, [wide], [bits]);
    assembler.emit('ne', d! + 1, [wide, back]);
    assembler.emit('zext', d!, [wide], [bits]);
  };

const saturating =
  (op: 'add' | 'sub'): Intrinsic =>
  (t, d, args) => {
    const { assembler } = t;
    const bits = t.bits(args[0]!.type);
    const a = t.operand(args[0]!);
    const b = t.operand(args[1]!);
    const r = assembler.registers();
    assembler.emit(op, r, [a, b]);
    t.narrow(r, bits);
    const c = assembler.registers();
    assembler.emit('ult', c, op === 'add' ? [r, a] : [a, b]);
    const ones = assembler.constant(bits === 64 ? { lo: -1, hi: -1 } : ONES(bits));
    assembler.emit('select', d!, [c, op === 'add' ? ones : t.integer(0), r]);
  };

const ONES = (bits: number): { lo: number; hi: number } =>
  bits >= 32 ? { lo: -1, hi: bits === 32 ? 0 : 2 ** (bits - 32) - 1 } : { lo: 2 ** bits - 1, hi: 0 };

/** Funnel shift: a and b concatenated, shifted left or right; the upper or lower half is the result. */
const funnel =
  (left: boolean): Intrinsic =>
  (t, d, args, where) => {
    const { assembler } = t;
    const bits = t.bits(args[0]!.type);
    if (![8, 16, 32, 64].includes(bits)) throw new IrStop('intrinsic', `funnel shift of i${bits}`, where);
    const [a, b, n] = args.map((arg) => t.operand(arg)) as [Register, Register, Register];
    const by = assembler.registers();
    const rest = assembler.registers();
    const x = assembler.registers();
    const y = assembler.registers();
    const whole = assembler.registers();
    assembler.emit('and', by, [n, t.integer(bits - 1)]);
    assembler.emit('sub', rest, [t.integer(bits - 1), by]);
    // a shift by all bits is split into a shift by one less and one by one
    if (left) {
      assembler.emit('shl', x, [a, by]);
      assembler.emit('lshr', y, [b, t.integer(1)]);
      assembler.emit('lshr', y, [y, rest]);
    } else {
      assembler.emit('lshr', y, [b, by]);
      assembler.emit('shl', x, [a, t.integer(1)]);
      assembler.emit('shl', x, [x, rest]);
    }
    assembler.emit('or', whole, [x, y]);
    assembler.emit('mov', d!, [whole]);
    t.narrow(d!, bits);
  };

const lifetime: Intrinsic = (t, _d, args) => {
  const [size, at] = args.length === 2 ? args : [null, args[0]!];
  if (size === null || size!.value.kind !== 'int' || size!.value.hi < 0) return;
  t.assembler.emit('forget', null, [t.operand(at!)], [size!.value.lo]);
};

const INTRINSICS: Readonly<Record<string, Intrinsic>> = {
  'llvm.expect': first,
  'llvm.expect.with.probability': first,
  'llvm.assume': nothing,
  'llvm.prefetch': nothing,
  'llvm.donothing': nothing,
  'llvm.experimental.noalias.scope.decl': nothing,
  'llvm.lifetime.start': lifetime,
  'llvm.lifetime.end': lifetime,
  'llvm.memset': (t, _d, args) =>
    t.assembler.emit('fill', null, [t.operand(args[0]!), t.operand(args[1]!), t.operand(args[2]!)]),
  'llvm.memcpy': (t, _d, args) =>
    t.assembler.emit(
      'move',
      null,
      args.slice(0, 3).map((arg) => t.operand(arg)),
    ),
  'llvm.memmove': (t, _d, args) =>
    t.assembler.emit(
      'move',
      null,
      args.slice(0, 3).map((arg) => t.operand(arg)),
    ),
  'llvm.ctpop': count('ctpop'),
  'llvm.ctlz': count('ctlz'),
  'llvm.cttz': count('cttz'),
  'llvm.bswap': count('bswap'),
  'llvm.bitreverse': count('bitreverse'),
  'llvm.umin': extreme('ult', true),
  'llvm.umax': extreme('ult', false),
  'llvm.smin': extreme('slt', true),
  'llvm.smax': extreme('slt', false),
  'llvm.abs': (t, d, args) => {
    const { assembler } = t;
    const bits = t.bits(args[0]!.type);
    const a = t.signed(args[0]!);
    const minus = assembler.registers();
    const c = assembler.registers();
    assembler.emit('sub', minus, [t.integer(0), a]);
    assembler.emit('slt', c, [a, t.integer(0)]);
    assembler.emit('select', d!, [c, minus, a]);
    t.narrow(d!, bits);
  },
  'llvm.fshl': funnel(true),
  'llvm.fshr': funnel(false),
  'llvm.uadd.with.overflow': overflowing('add', false),
  'llvm.sadd.with.overflow': overflowing('add', true),
  'llvm.usub.with.overflow': overflowing('sub', false),
  'llvm.ssub.with.overflow': overflowing('sub', true),
  'llvm.umul.with.overflow': overflowing('mul', false),
  'llvm.smul.with.overflow': overflowing('mul', true),
  'llvm.uadd.sat': saturating('add'),
  'llvm.usub.sat': saturating('sub'),
};

/** Names end in the types of their operands: `llvm.umin.i64`, `llvm.memcpy.p0.p0.i64`. */
const TYPES = /(?:\.(?:i\d+|p\d+|isVoid))+$/;

/** Translates a call of an intrinsic. @throws IrStop `intrinsic` for an unknown one */
export function intrinsic(
  t: Operands,
  name: string,
  d: Register | null,
  args: readonly TypedValue[],
  where: string,
): void {
  const known = INTRINSICS[name.replace(TYPES, '')];
  if (!known) throw new IrStop('intrinsic', name, where);
  known(t, d, args, where);
}
