import type { IrInstruction } from '../read/instructions.ts';
import type { BasicBlock, IrFunction, IrModule } from '../read/module.ts';
import { intType, type Type, typeText } from '../read/types.ts';
import type { IrValue, TypedValue } from '../read/values.ts';
import { ORDERINGS } from '../run/host.ts';
import { IrStop } from '../stop.ts';
import type { Assembler, Register, Word } from './assembler.ts';
import type { Surroundings } from './code.ts';
import { intrinsic, type Operands } from './intrinsics.ts';

const ENTRY = 'entry of the function';

/** Translates a function's blocks; returns the registers of its parameters. */
export function translate(
  program: Surroundings,
  module: IrModule,
  fn: IrFunction,
  assembler: Assembler,
): readonly Register[] {
  return new Translator(program, module, fn, assembler).translate();
}

/** Translates the instructions of one function. A value of a struct type occupies several adjacent registers. */
class Translator implements Operands {
  readonly assembler: Assembler;
  readonly #program: Surroundings;
  readonly #module: IrModule;
  readonly #fn: IrFunction;
  readonly #registers = new Map<string, Register>();
  readonly #types = new Map<string, Type>();
  readonly #phis = new Map<string, Extract<IrInstruction, { op: 'phi' }>[]>();

  constructor(program: Surroundings, module: IrModule, fn: IrFunction, assembler: Assembler) {
    this.#program = program;
    this.#module = module;
    this.#fn = fn;
    this.assembler = assembler;
  }

  translate(): readonly Register[] {
    const { parameters, blocks } = this.#fn;
    const registers = parameters.map(({ name, type }) => this.#define(name, type));
    for (const { name, code } of blocks) {
      this.#phis.set(
        name,
        code.filter((i) => i.op === 'phi'),
      );
    }
    if (blocks.length > 0) this.assembler.label(ENTRY);
    for (const block of blocks) this.#block(block);
    return registers;
  }

  #block(block: BasicBlock): void {
    this.assembler.label(`block ${block.name}`);
    for (const instruction of block.code) {
      if (instruction.dbg >= 0) this.assembler.dbg = instruction.dbg;
      try {
        this.#instruction(instruction, block.name);
      } catch (error) {
        if (!(error instanceof IrStop)) throw error;
        this.assembler.stop(error.kind, error.subject);
      }
    }
  }

  /** The scalar parts of a type, in order. @throws IrStop for a type without a modelled value */
  parts(type: Type): readonly Type[] {
    const t = this.#module.layout.resolve(type);
    switch (t.kind) {
      case 'int':
        if (t.bits > 64) throw new IrStop('type', typeText(t), this.#fn.name);
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
        throw new IrStop('type', typeText(t), this.#fn.name);
    }
  }

  bits(type: Type): number {
    const [part, more] = this.parts(type);
    if (!part || more) throw new IrStop('type', typeText(type), this.#fn.name);
    return part.kind === 'int' ? part.bits : 64;
  }

  #define(name: string, type: Type): Register {
    const known = this.#registers.get(name);
    if (known !== undefined) return known;
    const register = this.assembler.registers(Math.max(1, this.parts(type).length));
    this.#registers.set(name, register);
    this.#types.set(name, type);
    return register;
  }

  /** The registers of a value's parts. */
  #operands(type: Type, value: IrValue): readonly Register[] {
    const parts = this.parts(type);
    if (value.kind === 'local') {
      const first = this.#define(value.name, type);
      return parts.map((_, i) => first + i);
    }
    if (value.kind === 'aggregate') return value.elements.flatMap((e) => this.#operands(e.type, e.value));
    if (value.kind === 'undef' || value.kind === 'zero')
      return parts.map(() => this.assembler.constant({ lo: 0, hi: 0 }));
    return [this.assembler.constant(this.#program.constant(this.#module, { type, value }))];
  }

  operand({ type, value }: TypedValue): Register {
    this.bits(type);
    return this.#operands(type, value)[0]!;
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

  #instruction(i: IrInstruction, block: string): void {
    const a = this.assembler;
    switch (i.op) {
      case 'phi':
        this.#define(i.result, i.type);
        return;
      case 'binary':
        this.#binary(i);
        return;
      case 'icmp':
        this.#icmp(i);
        return;
      case 'cast':
        this.#cast(i);
        return;
      case 'freeze':
        this.#copy(this.#define(i.result, i.a.type), this.#operands(i.a.type, i.a.value));
        return;
      case 'select':
        this.#select(i);
        return;
      case 'load':
        this.#load(i);
        return;
      case 'store':
        this.#store(i);
        return;
      case 'alloca':
        this.#alloca(i);
        return;
      case 'gep':
        this.#gep(i);
        return;
      case 'extractvalue': {
        const { first, type } = this.#part(i.a.type, i.path);
        const from = this.#operands(i.a.type, i.a.value);
        this.#copy(this.#define(i.result, type), from.slice(first, first + this.parts(type).length));
        return;
      }
      case 'insertvalue': {
        const { first } = this.#part(i.a.type, i.path);
        const to = [...this.#operands(i.a.type, i.a.value)];
        const put = this.#operands(i.b.type, i.b.value);
        to.splice(first, put.length, ...put);
        this.#copy(this.#define(i.result, i.a.type), to);
        return;
      }
      case 'call':
        this.#call(i, block);
        return;
      case 'br':
        a.raw('br', [this.#edge(block, i.to)], [], []);
        this.#edges(block, [i.to]);
        return;
      case 'condbr': {
        const c = this.operand({ type: intType(1), value: i.c });
        a.emit('condbr', null, [c], [this.#edge(block, i.then), this.#edge(block, i.else)]);
        this.#edges(block, [i.then, i.else]);
        return;
      }
      case 'switch':
        this.#switch(i, block);
        return;
      case 'ret': {
        const values = i.a ? this.#operands(i.a.type, i.a.value) : [];
        a.raw('ret', [values.length, ...values.map((register) => ({ register }))], [], values);
        return;
      }
      case 'unreachable':
        a.stop('unreachable', 'unreachable instruction');
        return;
      case 'dbg':
        this.#record(i);
        return;
      case 'cmpxchg':
      case 'atomicrmw':
      case 'fence':
        throw new IrStop('opcode', i.op, this.#fn.name);
      case 'other':
        throw new IrStop('opcode', i.name, this.#fn.name);
    }
  }

  #binary(i: Extract<IrInstruction, { op: 'binary' }>): void {
    const bits = this.bits(i.a.type);
    const b: TypedValue = { type: i.a.type, value: i.b };
    const signed = i.name === 'sdiv' || i.name === 'srem';
    const left = signed || i.name === 'ashr' ? this.signed(i.a) : this.operand(i.a);
    const right = signed ? this.signed(b) : this.operand(b);
    const d = this.#define(i.result, i.a.type);
    this.assembler.emit(i.name, d, [left, right]);
    if (!['and', 'or', 'xor', 'udiv', 'urem', 'lshr'].includes(i.name)) this.narrow(d, bits);
  }

  #icmp(i: Extract<IrInstruction, { op: 'icmp' }>): void {
    const b: TypedValue = { type: i.a.type, value: i.b };
    const signed = i.name.startsWith('s');
    const left = signed ? this.signed(i.a) : this.operand(i.a);
    const right = signed ? this.signed(b) : this.operand(b);
    const turned: Readonly<Record<string, string>> = { ugt: 'ult', uge: 'ule', sgt: 'slt', sge: 'sle' };
    const d = this.#define(i.result, intType(1));
    const other = turned[i.name];
    this.assembler.emit(other ?? i.name, d, other ? [right, left] : [left, right]);
  }

  #cast(i: Extract<IrInstruction, { op: 'cast' }>): void {
    const from = this.bits(i.a.type);
    const to = this.bits(i.to);
    const a = this.operand(i.a);
    const d = this.#define(i.result, i.to);
    if (i.name === 'sext') {
      this.assembler.emit('sext', d, [a], [from]);
      this.narrow(d, to);
    } else if (to < from) this.assembler.emit('zext', d, [a], [to]);
    else this.assembler.emit('mov', d, [a]);
  }

  /** Moves values into adjacent registers; none of the values is one of these registers. */
  #copy(d: Register, from: readonly Register[]): void {
    for (const [n, register] of from.entries()) this.assembler.emit('mov', d + n, [register]);
  }

  #select(i: Extract<IrInstruction, { op: 'select' }>): void {
    const c = this.operand(i.c);
    const a = this.#operands(i.a.type, i.a.value);
    const b = this.#operands(i.b.type, i.b.value);
    const d = this.#define(i.result, i.a.type);
    for (const [n, register] of a.entries()) this.assembler.emit('select', d + n, [c, register, b[n]!]);
  }

  /** The places of a value's parts in memory: offset and bytes of each. */
  #pieces(type: Type): readonly { readonly at: number; readonly size: number; readonly bits: number }[] {
    const { layout } = this.#module;
    const t = layout.resolve(type);
    if (t.kind === 'struct') {
      return t.fields.flatMap((field, n) =>
        this.#pieces(field).map((piece) => ({ ...piece, at: piece.at + layout.offsetOf(t, n) })),
      );
    }
    if (t.kind === 'array') {
      return Array.from({ length: t.n }, (_, n) =>
        this.#pieces(t.of).map((piece) => ({ ...piece, at: piece.at + n * layout.sizeOf(t.of) })),
      ).flat();
    }
    const size = layout.storeSize(t);
    if (![1, 2, 4, 8].includes(size)) throw new IrStop('type', typeText(t), this.#fn.name);
    return [{ at: 0, size, bits: this.bits(t) }];
  }

  #at(base: Register, offset: number): Register {
    if (offset === 0) return base;
    const d = this.assembler.registers();
    this.assembler.emit('add', d, [base, this.integer(offset)]);
    return d;
  }

  #pointer(value: IrValue): Register {
    return this.operand({ type: { kind: 'ptr' }, value });
  }

  #load(i: Extract<IrInstruction, { op: 'load' }>): void {
    const pieces = this.#pieces(i.type);
    const base = this.#pointer(i.at);
    const d = this.#define(i.result, i.type);
    const flags = access(i.volatile, i.ordering);
    for (const [n, { at, size, bits }] of pieces.entries()) {
      this.assembler.emit('load', d + n, [this.#at(base, at)], [size, flags]);
      if (bits < size * 8) this.narrow(d + n, bits);
    }
  }

  #store(i: Extract<IrInstruction, { op: 'store' }>): void {
    const values = this.#operands(i.a.type, i.a.value);
    const base = this.#pointer(i.at);
    const flags = access(i.volatile, i.ordering);
    for (const [n, { at, size }] of this.#pieces(i.a.type).entries())
      this.assembler.emit('store', null, [values[n]!, this.#at(base, at)], [size, flags]);
  }

  #alloca(i: Extract<IrInstruction, { op: 'alloca' }>): void {
    const { layout } = this.#module;
    if (i.n && i.n.value.kind !== 'int')
      throw new IrStop('opcode', 'alloca of a size that is not constant', this.#fn.name);
    const n = i.n?.value.kind === 'int' ? i.n.value.lo : 1;
    const align = Math.max(i.align, layout.alignOf(i.type));
    const at = this.assembler.room(layout.sizeOf(i.type) * n, align);
    this.assembler.emit('local', this.#define(i.result, { kind: 'ptr' }), [], [at]);
  }

  #gep(i: Extract<IrInstruction, { op: 'gep' }>): void {
    const { layout } = this.#module;
    const a = this.assembler;
    let at = this.#pointer(i.base);
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
      a.emit('gep', d, [at, this.signed(index)], [size]);
      at = d;
    }
    const d = this.#define(i.result, { kind: 'ptr' });
    if (offset === 0) a.emit('mov', d, [at]);
    else {
      const by = a.constant({ lo: offset | 0, hi: Math.floor(offset / 2 ** 32) | 0 });
      a.emit('add', d, [at, by]);
    }
  }

  /** The number of the first part of an element, and its type. */
  #part(type: Type, path: readonly number[]): { readonly first: number; readonly type: Type } {
    let first = 0;
    let at = type;
    for (const index of path) {
      const t = this.#module.layout.resolve(at);
      const before =
        t.kind === 'struct' ? t.fields.slice(0, index) : t.kind === 'array' ? Array(index).fill(t.of) : [];
      first += before.reduce((sum, field) => sum + this.parts(field).length, 0);
      at = this.#module.layout.element(t, index);
    }
    return { first, type: at };
  }

  #call(i: Extract<IrInstruction, { op: 'call' }>, block: string): void {
    const a = this.assembler;
    if (i.callee.kind === 'asm') {
      this.#asm(i, block);
      return;
    }
    const name = i.callee.kind === 'global' ? i.callee.name : null;
    if (name?.startsWith('llvm.')) {
      const d = i.result === '' ? null : this.#define(i.result, i.returns);
      if (name.startsWith('llvm.dbg.')) this.#oldRecord(name, i.args);
      else intrinsic(this, name, d, i.args, this.#fn.name);
      return;
    }
    const args = i.args.flatMap((arg) => this.#operands(arg.type, arg.value));
    const d = i.result === '' ? null : this.#define(i.result, i.returns);
    const results = d === null ? [] : this.parts(i.returns).map((_, n) => d + n);
    const rest: Word[] = [
      d === null ? -1 : { register: d },
      args.length,
      ...args.map((register) => ({ register })),
    ];
    const symbol = name === null ? null : this.#program.linked.symbol(this.#module, name);
    if (symbol) a.raw('call', [this.#program.functionNumber(symbol), ...rest], results, args);
    else {
      const callee = this.#pointer(i.callee);
      a.raw('callat', [{ register: callee }, ...rest], results, [callee, ...args]);
    }
  }

  #asm(i: Extract<IrInstruction, { op: 'call' }>, block: string): void {
    if (i.callee.kind !== 'asm') return;
    const number = this.#program.asms.push(i.callee.asm) - 1;
    const args = i.args.flatMap((arg) => this.#operands(arg.type, arg.value));
    const d = i.result === '' ? null : this.#define(i.result, i.returns);
    const results = d === null ? [] : this.parts(i.returns).map((_, n) => d + n);
    const words: Word[] = [
      number,
      d === null ? -1 : { register: d },
      args.length,
      i.targets.length,
      ...args.map((register) => ({ register })),
      ...i.targets.map((to) => this.#edge(block, to)),
    ];
    this.assembler.raw('asm', words, results, args, i.targets.length > 0);
    this.#edges(block, i.targets);
  }

  #switch(i: Extract<IrInstruction, { op: 'switch' }>, block: string): void {
    const a = this.operand(i.a);
    const cases = i.cases.flatMap(({ value, to }): Word[] => {
      const { lo, hi } = this.#program.constant(this.#module, { type: i.a.type, value });
      return [lo, hi, this.#edge(block, to)];
    });
    const words: Word[] = [{ register: a }, this.#edge(block, i.otherwise), i.cases.length, ...cases];
    this.assembler.raw('switch', words, [], [a]);
    this.#edges(block, [i.otherwise, ...i.cases.map(({ to }) => to)]);
  }

  /** The target of a jump from one block to another: through the moves for the target's phis, if it has any. */
  #edge(from: string, to: string): { readonly label: string } {
    return { label: (this.#phis.get(to)?.length ?? 0) > 0 ? `edge ${from} to ${to}` : `block ${to}` };
  }

  /** Emits the moves on the edges of a block, after its end. All phis of a block take their values at once. */
  #edges(from: string, targets: readonly string[]): void {
    for (const to of new Set(targets)) {
      const phis = this.#phis.get(to) ?? [];
      if (phis.length === 0) continue;
      this.assembler.label(`edge ${from} to ${to}`);
      const moves = phis.flatMap((phi) => {
        const value = phi.from.find(({ block }) => block === from)?.value;
        if (!value) throw new IrStop('opcode', `phi without a value from %${from}`, this.#fn.name);
        const d = this.#define(phi.result, phi.type);
        return this.#operands(phi.type, value).map((register, n) => ({ d: d + n, register }));
      });
      const written = new Set(moves.map(({ d }) => d));
      const direct = !moves.some(({ register }) => written.has(register));
      const through = moves.map(({ register }) => {
        if (direct) return register;
        const t = this.assembler.registers();
        this.assembler.emit('mov', t, [register]);
        return t;
      });
      for (const [n, { d }] of moves.entries()) this.assembler.emit('mov', d, [through[n]!]);
      this.assembler.raw('br', [{ label: `block ${to}` }], [], []);
    }
  }

  #record(i: Extract<IrInstruction, { op: 'dbg' }>): void {
    if (i.variable < 0) return;
    this.assembler.note(i.variable, this.#known(i.a), i.declares);
  }

  /** The same record as a call, as written by compilers before LLVM 19. */
  #oldRecord(name: string, args: readonly TypedValue[]): void {
    const [value, variable] = args;
    const number = variable?.value.kind === 'metadata' ? /^!(\d+)/.exec(variable.value.text) : null;
    const local = value?.value.kind === 'metadata' ? /%([-$._\w]+)$/.exec(value.value.text) : null;
    if (!number) return;
    const register = local ? (this.#registers.get(local[1]!) ?? null) : null;
    this.assembler.note(Number(number[1]), register, name === 'llvm.dbg.declare');
  }

  /** The register of a value that a record names; null if it has none. */
  #known({ type, value }: TypedValue): Register | null {
    if (value.kind === 'local') return this.#registers.get(value.name) ?? null;
    if (value.kind !== 'int' && value.kind !== 'null') return null;
    return this.#operands(type, value)[0] ?? null;
  }
}

const access = (volatile: boolean, ordering: string): number =>
  (volatile ? 1 : 0) | ((ORDERINGS as readonly string[]).indexOf(ordering) << 1);
