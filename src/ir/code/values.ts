import type { IrFunction, IrModule } from '../read/module.ts';
import { type Type, typeText } from '../read/types.ts';
import type { IrValue, TypedValue } from '../read/values.ts';
import { IrStop } from '../stop.ts';
import type { Assembler, Register } from './assembler.ts';
import type { Surroundings } from './code.ts';
import type { Operands } from './intrinsics.ts';

/** A part of a value in memory: offset and size in bytes, and the bits of its type. */
interface Piece {
  readonly at: number;
  readonly size: number;
  readonly bits: number;
}

/** The values of a function and their registers. A value of a struct type occupies several adjacent registers. */
export class Values implements Operands {
  readonly assembler: Assembler;
  readonly program: Surroundings;
  readonly module: IrModule;
  readonly fn: IrFunction;
  readonly #registers = new Map<string, Register>();

  constructor(program: Surroundings, module: IrModule, fn: IrFunction, assembler: Assembler) {
    this.program = program;
    this.module = module;
    this.fn = fn;
    this.assembler = assembler;
  }

  /** The scalar parts of a type, in order. @throws IrStop for a type without a modelled value */
  parts(type: Type): readonly Type[] {
    const t = this.module.layout.resolve(type);
    switch (t.kind) {
      case 'int':
        if (t.bits > 64) throw new IrStop('type', typeText(t), this.fn.name);
        return [t];
      case 'ptr':
        return [t];
      case 'void':
        return [];
      case 'struct':
        return t.fields.flatMap((field) => this.parts(field));
      case 'array':
        return Array.from({ length: t.n }, () => this.parts(t.of)).flat();
      default:
        throw new IrStop('type', typeText(t), this.fn.name);
    }
  }

  bits(type: Type): number {
    const [part, more] = this.parts(type);
    if (!part || more) throw new IrStop('type', typeText(type), this.fn.name);
    return part.kind === 'int' ? part.bits : 64;
  }

  /** The registers of a named value. */
  define(name: string, type: Type): Register {
    const known = this.#registers.get(name);
    if (known !== undefined) return known;
    const register = this.assembler.registers(Math.max(1, this.parts(type).length));
    this.#registers.set(name, register);
    return register;
  }

  /** The registers of a value's parts. */
  operands(type: Type, value: IrValue): readonly Register[] {
    const parts = this.parts(type);
    if (value.kind === 'local') {
      const first = this.define(value.name, type);
      return parts.map((_, i) => first + i);
    }
    if (value.kind === 'aggregate') return value.elements.flatMap((e) => this.operands(e.type, e.value));
    if (value.kind === 'undef' || value.kind === 'zero')
      return parts.map(() => this.assembler.constant({ lo: 0, hi: 0 }));
    return [this.assembler.constant(this.program.constant(this.module, { type, value }))];
  }

  operand({ type, value }: TypedValue): Register {
    this.bits(type);
    return this.operands(type, value)[0]!;
  }

  integer(n: number): Register {
    return this.assembler.constant({ lo: n | 0, hi: n < 0 ? -1 : 0 });
  }

  /** The value, sign-extended to 64 bits. */
  signed(value: TypedValue): Register {
    const bits = this.bits(value.type);
    const a = this.operand(value);
    if (bits === 64) return a;
    const d = this.assembler.registers();
    this.assembler.emit('sext', d, [a], [bits]);
    return d;
  }

  /** Truncates a result to the bits of its type. */
  narrow(d: Register, bits: number): void {
    if (bits < 64) this.assembler.emit('zext', d, [d], [bits]);
  }

  /** Moves values into adjacent registers; none of the values is one of these registers. */
  copy(d: Register, from: readonly Register[]): void {
    for (const [n, register] of from.entries()) this.assembler.emit('mov', d + n, [register]);
  }

  /** The places of a value's parts in memory: offset and bytes of each. */
  pieces(type: Type): readonly Piece[] {
    const { layout } = this.module;
    const t = layout.resolve(type);
    if (t.kind === 'struct') {
      return t.fields.flatMap((field, n) =>
        this.pieces(field).map((piece) => ({ ...piece, at: piece.at + layout.offsetOf(t, n) })),
      );
    }
    if (t.kind === 'array') {
      return Array.from({ length: t.n }, (_, n) =>
        this.pieces(t.of).map((piece) => ({ ...piece, at: piece.at + n * layout.sizeOf(t.of) })),
      ).flat();
    }
    const size = layout.storeSize(t);
    if (![1, 2, 4, 8].includes(size)) throw new IrStop('type', typeText(t), this.fn.name);
    return [{ at: 0, size, bits: this.bits(t) }];
  }

  /** The register of a pointer. */
  pointer(value: IrValue): Register {
    return this.operand({ type: { kind: 'ptr' }, value });
  }

  /** The number of the first part of an element, and its type. */
  part(type: Type, path: readonly number[]): { readonly first: number; readonly type: Type } {
    let first = 0;
    let at = type;
    for (const index of path) {
      const t = this.module.layout.resolve(at);
      const before =
        t.kind === 'struct' ? t.fields.slice(0, index) : t.kind === 'array' ? Array(index).fill(t.of) : [];
      first += before.reduce((sum, field) => sum + this.parts(field).length, 0);
      at = this.module.layout.element(t, index);
    }
    return { first, type: at };
  }

  /** The register of a value that a record names; null if it has none. */
  known({ type, value }: TypedValue): Register | null {
    if (value.kind === 'local') return this.registerOf(value.name);
    if (value.kind !== 'int' && value.kind !== 'null') return null;
    return this.operands(type, value)[0] ?? null;
  }

  /** The register of a named value; null if no instruction has named it so far. */
  registerOf(name: string): Register | null {
    return this.#registers.get(name) ?? null;
  }
}
