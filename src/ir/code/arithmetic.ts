import type { InstructionOf } from '../read/instructions.ts';
import { intType } from '../read/types.ts';
import type { TypedValue } from '../read/values.ts';
import type { Values } from './values.ts';

/** The translation of instructions that compute. */

export function binary(v: Values, i: InstructionOf<'binary'>): void {
  const bits = v.bits(i.a.type);
  const b: TypedValue = { type: i.a.type, value: i.b };
  const signed = i.name === 'sdiv' || i.name === 'srem';
  const left = signed || i.name === 'ashr' ? v.signed(i.a) : v.operand(i.a);
  const right = signed ? v.signed(b) : v.operand(b);
  const d = v.define(i.result, i.a.type);
  v.assembler.emit(i.name, d, [left, right]);
  if (!['and', 'or', 'xor', 'udiv', 'urem', 'lshr'].includes(i.name)) v.narrow(d, bits);
}

export function icmp(v: Values, i: InstructionOf<'icmp'>): void {
  const b: TypedValue = { type: i.a.type, value: i.b };
  const signed = i.name.startsWith('s');
  const left = signed ? v.signed(i.a) : v.operand(i.a);
  const right = signed ? v.signed(b) : v.operand(b);
  const turned: Readonly<Record<string, string>> = { ugt: 'ult', uge: 'ule', sgt: 'slt', sge: 'sle' };
  const d = v.define(i.result, intType(1));
  const other = turned[i.name];
  v.assembler.emit(other ?? i.name, d, other ? [right, left] : [left, right]);
}

export function cast(v: Values, i: InstructionOf<'cast'>): void {
  const from = v.bits(i.a.type);
  const to = v.bits(i.to);
  const a = v.operand(i.a);
  const d = v.define(i.result, i.to);
  if (i.name === 'sext') {
    v.assembler.emit('sext', d, [a], [from]);
    v.narrow(d, to);
  } else if (to < from) v.assembler.emit('zext', d, [a], [to]);
  else v.assembler.emit('mov', d, [a]);
}

export function select(v: Values, i: InstructionOf<'select'>): void {
  const c = v.operand(i.c);
  const a = v.operands(i.a.type, i.a.value);
  const b = v.operands(i.b.type, i.b.value);
  const d = v.define(i.result, i.a.type);
  for (const [n, register] of a.entries()) v.assembler.emit('select', d + n, [c, register, b[n]!]);
}

export function freeze(v: Values, i: InstructionOf<'freeze'>): void {
  v.copy(v.define(i.result, i.a.type), v.operands(i.a.type, i.a.value));
}

export function extractvalue(v: Values, i: InstructionOf<'extractvalue'>): void {
  const { first, type } = v.part(i.a.type, i.path);
  const from = v.operands(i.a.type, i.a.value);
  v.copy(v.define(i.result, type), from.slice(first, first + v.parts(type).length));
}

export function insertvalue(v: Values, i: InstructionOf<'insertvalue'>): void {
  const { first } = v.part(i.a.type, i.path);
  const to = [...v.operands(i.a.type, i.a.value)];
  const put = v.operands(i.b.type, i.b.value);
  to.splice(first, put.length, ...put);
  v.copy(v.define(i.result, i.a.type), to);
}
