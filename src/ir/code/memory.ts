import type { InstructionOf } from '../read/instructions.ts';
import { ORDERINGS } from '../run/host.ts';
import { IrStop } from '../stop.ts';
import type { Register } from './assembler.ts';
import type { Values } from './values.ts';

/** The translation of accesses to memory, and of addresses. */

const access = (volatile: boolean, ordering: string): number =>
  (volatile ? 1 : 0) | ((ORDERINGS as readonly string[]).indexOf(ordering) << 1);

function plus(v: Values, base: Register, offset: number): Register {
  if (offset === 0) return base;
  const d = v.assembler.registers();
  v.assembler.emit('add', d, [base, v.integer(offset)]);
  return d;
}

export function load(v: Values, i: InstructionOf<'load'>): void {
  const pieces = v.pieces(i.type);
  const base = v.pointer(i.at);
  const d = v.define(i.result, i.type);
  const flags = access(i.volatile, i.ordering);
  for (const [n, { at, size, bits }] of pieces.entries()) {
    v.assembler.emit('load', d + n, [plus(v, base, at)], [size, flags]);
    if (bits < size * 8) v.narrow(d + n, bits);
  }
}

export function store(v: Values, i: InstructionOf<'store'>): void {
  const values = v.operands(i.a.type, i.a.value);
  const base = v.pointer(i.at);
  const flags = access(i.volatile, i.ordering);
  for (const [n, { at, size }] of v.pieces(i.a.type).entries())
    v.assembler.emit('store', null, [values[n]!, plus(v, base, at)], [size, flags]);
}

export function alloca(v: Values, i: InstructionOf<'alloca'>): void {
  const { layout } = v.module;
  if (i.n && i.n.value.kind !== 'int')
    throw new IrStop('opcode', 'alloca of a size that is not constant', v.fn.name);
  const n = i.n?.value.kind === 'int' ? i.n.value.lo : 1;
  const align = Math.max(i.align, layout.alignOf(i.type));
  const place = v.assembler.room(layout.sizeOf(i.type) * n, align);
  v.assembler.emit('local', v.define(i.result, { kind: 'ptr' }), [], [place]);
}

export function gep(v: Values, i: InstructionOf<'gep'>): void {
  const { layout } = v.module;
  const a = v.assembler;
  let at = v.pointer(i.base);
  let offset = 0;
  let type = i.of;
  for (const [n, index] of i.indices.entries()) {
    const t = layout.resolve(type);
    const inside = n > 0;
    const known = index.value.kind === 'int' ? index.value.lo : null;
    if (inside && t.kind === 'struct') {
      offset += layout.offsetOf(t, known!);
      type = layout.element(t, known!);
      continue;
    }
    if (inside) type = layout.element(t, 0);
    const size = layout.sizeOf(type);
    if (known !== null) {
      offset += known * size;
      continue;
    }
    const d = a.registers();
    a.emit('gep', d, [at, v.signed(index)], [size]);
    at = d;
  }
  const d = v.define(i.result, { kind: 'ptr' });
  if (offset === 0) a.emit('mov', d, [at]);
  else {
    const by = a.constant({ lo: offset | 0, hi: Math.floor(offset / 2 ** 32) | 0 });
    a.emit('add', d, [at, by]);
  }
}
