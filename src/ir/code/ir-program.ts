import type { Linked, LinkSymbol } from '../link.ts';
import type { IrModule } from '../read/module.ts';
import type { Type } from '../read/types.ts';
import type { InlineAsm, Int64, IrValue, TypedValue } from '../read/values.ts';
import { add64, foldBinary } from '../run/fold.ts';
import type { Memory } from '../run/memory.ts';
import { IrStop } from '../stop.ts';
import type { Code, Surroundings } from './code.ts';
import { compile } from './compile.ts';

/** Where the linker places what it links: functions first, 16 bytes apart, then the variables. */
export interface SegmentPlacement {
  /** Address of the first function. */
  readonly text: Int64;
  /** Address of the first variable. */
  readonly data: Int64;
}

export interface Placed {
  readonly symbol: LinkSymbol;
  readonly at: Int64;
  readonly size: number;
}

const FUNCTION_SIZE = 16;

/** Linked modules with addresses, and their functions as code for the interpreter, compiled when first called. */
export class IrProgram implements Surroundings {
  readonly linked: Linked;
  /** Inline assembly by number, as `asm` events name it. */
  readonly asms: InlineAsm[] = [];
  readonly #placed = new Map<string, Placed>();
  readonly #functions: (LinkSymbol & { readonly kind: 'function' | 'external' })[] = [];
  /** Variables that the linker placed, by ascending address. */
  readonly #variables: Placed[] = [];
  readonly #text: Int64;
  #nextFunction: Int64;
  #nextData: Int64;
  readonly #outside: ReadonlySet<string>;
  readonly #code = new Map<number, Code>();
  readonly #numbers = new Map<string, number>();

  /** @param outside functions that count as external although they have a body */
  constructor(linked: Linked, placement: SegmentPlacement, outside: ReadonlySet<string> = new Set()) {
    this.linked = linked;
    this.#outside = outside;
    this.#text = placement.text;
    this.#nextFunction = placement.text;
    this.#nextData = placement.data;
  }

  /** The place of a symbol; it is assigned on first use. */
  place(symbol: LinkSymbol): Placed {
    const known = this.#placed.get(symbol.name);
    if (known) return known;
    const isFunction =
      symbol.kind === 'function' || (symbol.kind === 'external' && symbol.module.functions.has(symbol.name));
    const placed = isFunction ? this.#placeFunction(symbol) : this.#placeVariable(symbol);
    this.#placed.set(symbol.name, placed);
    return placed;
  }

  #placeFunction(symbol: LinkSymbol): Placed {
    const at = this.#nextFunction;
    this.#numbers.set(symbol.name, this.#functions.length);
    this.#functions.push(symbol as LinkSymbol & { readonly kind: 'function' | 'external' });
    this.#nextFunction = add64(at, FUNCTION_SIZE);
    return { symbol, at, size: FUNCTION_SIZE };
  }

  #placeVariable(symbol: LinkSymbol): Placed {
    const { module } = symbol;
    const global = symbol.kind === 'variable' ? symbol.global : module.globals.get(symbol.name)!;
    const size = module.layout.sizeOf(global.type);
    // an array declared without a length has no known size: two such arrays must not overlap
    if (size === 0 && symbol.kind === 'external')
      throw new IrStop('external', `@${symbol.name}, of which the size is not known`, module.source);
    const align = Math.max(global.align, module.layout.alignOf(global.type), 1);
    const rest = (this.#nextData.lo >>> 0) % align;
    const at = add64(this.#nextData, rest === 0 ? 0 : align - rest);
    this.#nextData = add64(at, Math.max(size, 1));
    const placed = { symbol, at, size };
    this.#variables.push(placed);
    return placed;
  }

  /** The variable at an address to which the linker, not {@link placeAt}, gave its place. */
  variableAt(lo: number, hi: number): Placed | undefined {
    if (hi !== this.#nextData.hi) return undefined;
    let [low, high] = [0, this.#variables.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#variables[middle]!.at.lo >>> 0 <= lo >>> 0) low = middle + 1;
      else high = middle;
    }
    const found = this.#variables[low - 1];
    return found && (lo >>> 0) - (found.at.lo >>> 0) < Math.max(found.size, 1) ? found : undefined;
  }

  /**
   * Assigns an address of the caller's choice to a symbol: an external table, a variable at its address in a real
   * kernel.
   */
  placeAt(name: string, at: Int64, size: number): void {
    const symbol = this.linked.find(name) ?? this.#declared(name);
    if (!symbol) throw new IrStop('external', `@${name}`, 'program');
    this.#placed.set(symbol.name, { symbol, at, size });
  }

  #declared(name: string): LinkSymbol | undefined {
    const module = this.linked.modules.find((m) => m.globals.has(name) || m.functions.has(name));
    return module && this.linked.symbol(module, name);
  }

  /** The number of a function, for calls and threads. */
  functionNumber(symbol: LinkSymbol): number {
    this.place(symbol);
    const number = this.#numbers.get(symbol.name);
    if (number === undefined) throw new IrStop('external', symbol.name, 'program');
    return number;
  }

  /** The function that begins at an address; -1 if none does. */
  functionAt(lo: number, hi: number): number {
    const distance = ((lo >>> 0) - (this.#text.lo >>> 0)) / FUNCTION_SIZE;
    const known = hi === this.#text.hi && Number.isInteger(distance) && distance >= 0;
    return known && distance < this.#functions.length ? distance : -1;
  }

  functionName(number: number): string {
    return this.#functions[number]!.name;
  }

  /** The number of a function by its name. @throws IrStop `external` if no module defines it */
  find(name: string): number {
    const symbol = this.linked.find(name);
    if (symbol?.kind !== 'function') throw new IrStop('external', name, 'program');
    return this.functionNumber(symbol);
  }

  /** The code of a function; null if it has no body here. */
  code(number: number): Code | null {
    const known = this.#code.get(number);
    if (known) return known;
    const symbol = this.#functions[number]!;
    if (symbol.kind !== 'function' || this.#outside.has(symbol.fn.name)) return null;
    const code = compile(this, symbol.module, symbol.fn, number);
    this.#code.set(number, code);
    return code;
  }

  /** Writes the initial values of all variables that have a place, and maps those without a value. */
  writeVariables(memory: Memory): void {
    // an initial value may refer to further symbols, which then get a place
    const done = new Set<string>();
    for (;;) {
      const todo = [...this.#placed.values()].filter(
        ({ symbol }) => symbol.kind === 'variable' && !done.has(symbol.name),
      );
      if (todo.length === 0) return;
      for (const placed of todo) {
        done.add(placed.symbol.name);
        this.writeVariable(memory, placed);
      }
    }
  }

  /** Maps a variable and writes its initial value. */
  writeVariable(memory: Memory, { symbol, at, size }: Placed): void {
    if (symbol.kind !== 'variable' || size === 0) return;
    memory.map(at.lo, at.hi, size);
    this.#write(memory, symbol.module, at, symbol.global.type, symbol.global.init!);
  }

  #write(memory: Memory, module: IrModule, at: Int64, type: Type, value: IrValue): void {
    const { layout } = module;
    const t = layout.resolve(type);
    switch (value.kind) {
      case 'zero':
        memory.fill(at.lo, at.hi, layout.sizeOf(t), 0);
        return;
      case 'undef':
        return;
      case 'bytes':
        for (let i = 0; i < value.bytes.length; i++) {
          const to = add64(at, i);
          memory.store(to.lo, to.hi, 1, value.bytes.charCodeAt(i), 0);
        }
        return;
      case 'aggregate':
        for (const [i, element] of value.elements.entries()) {
          const offset = t.kind === 'struct' ? layout.offsetOf(t, i) : i * layout.sizeOf(element.type);
          this.#write(memory, module, add64(at, offset), element.type, element.value);
        }
        return;
      default: {
        const word = this.constant(module, { type, value });
        memory.store(at.lo, at.hi, layout.storeSize(t), word.lo, word.hi);
      }
    }
  }

  /** A constant of an integer or pointer type, in its low bits. @throws IrStop `constant` */
  constant(module: IrModule, { type, value }: TypedValue): Int64 {
    switch (value.kind) {
      case 'int':
        return mask(type, value);
      case 'null':
      case 'zero':
      // any value is correct: the program may not depend on it
      case 'undef':
        return { lo: 0, hi: 0 };
      case 'global':
        return this.place(this.linked.symbol(module, value.name)).at;
      case 'gep':
        return this.#constantGep(module, value.of, value.base, value.indices);
      case 'cast': {
        const from = this.constant(module, value.from);
        return value.op === 'sext' ? mask(value.to, extend(value.from.type, from)) : mask(value.to, from);
      }
      case 'binary':
        return mask(
          type,
          foldBinary(value.op, this.constant(module, value.a), this.constant(module, value.b)),
        );
      default:
        throw new IrStop('constant', value.kind === 'other' ? value.text : value.kind, module.source);
    }
  }

  #constantGep(module: IrModule, of: Type, base: TypedValue, indices: readonly TypedValue[]): Int64 {
    const { layout } = module;
    let at = this.constant(module, base);
    let type = of;
    for (const [i, index] of indices.entries()) {
      const word = extend(index.type, this.constant(module, index));
      const n = (word.lo >>> 0) + word.hi * 2 ** 32;
      if (i === 0) at = add64(at, n * layout.sizeOf(type));
      else {
        const t = layout.resolve(type);
        at = add64(at, t.kind === 'struct' ? layout.offsetOf(t, n) : n * layout.sizeOf(layout.element(t, 0)));
        type = layout.element(t, n);
      }
    }
    return at;
  }
}

/** Truncates an integer to the bits of its type. */
function mask(type: Type, { lo, hi }: Int64): Int64 {
  if (type.kind !== 'int' || type.bits >= 64) return { lo, hi };
  if (type.bits > 32) return { lo, hi: hi & (2 ** (type.bits - 32) - 1) };
  return { lo: type.bits === 32 ? lo : lo & (2 ** type.bits - 1), hi: 0 };
}

/** Sign-extends an integer to 64 bits. */
function extend(type: Type, { lo, hi }: Int64): Int64 {
  if (type.kind !== 'int' || type.bits >= 64) return { lo, hi };
  if (type.bits > 32) return { lo, hi: (hi << (64 - type.bits)) >> (64 - type.bits) };
  const low = (lo << (32 - type.bits)) >> (32 - type.bits);
  return { lo: low, hi: low >> 31 };
}
