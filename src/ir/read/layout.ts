import { IrStop } from '../stop.ts';
import { type NamedTypes, resolveType, type Type, typeText } from './types.ts';

/**
 * Sizes and offsets by the rules of LLVM's data layout, for targets with 64-bit pointers whose integers of up to 64 bits
 * are aligned to their size and 128-bit ones to 16 bytes: aarch64 and x86-64 Linux.
 */
export class DataLayout {
  readonly #types: NamedTypes;
  readonly #known = new Map<string, { readonly size: number; readonly align: number }>();

  constructor(types: NamedTypes) {
    this.#types = types;
  }

  /** Bytes from one element of an array of this type to the next. */
  sizeOf(type: Type): number {
    return this.#of(type).size;
  }

  alignOf(type: Type): number {
    return this.#of(type).align;
  }

  /** Bytes that a load or store of this type accesses. */
  storeSize(type: Type): number {
    const t = resolveType(this.#types, type);
    return t.kind === 'int' ? Math.ceil(t.bits / 8) : this.sizeOf(t);
  }

  /** Bytes from the start of a struct to a field. */
  offsetOf(type: Type, field: number): number {
    const t = resolveType(this.#types, type);
    if (t.kind !== 'struct' || field >= t.fields.length)
      throw new IrStop('type', `${typeText(type)} with a field ${field}`, 'layout');
    let at = 0;
    for (const [i, f] of t.fields.entries()) {
      if (!t.packed) at = roundUp(at, this.alignOf(f));
      if (i === field) break;
      at += this.sizeOf(f);
    }
    return at;
  }

  /** The type of a field or element. */
  element(type: Type, index: number): Type {
    const t = resolveType(this.#types, type);
    if (t.kind === 'array') return t.of;
    if (t.kind === 'struct' && t.fields[index]) return t.fields[index];
    throw new IrStop('type', `${typeText(type)} with an element ${index}`, 'layout');
  }

  resolve(type: Type): Type {
    return resolveType(this.#types, type);
  }

  #of(type: Type): { readonly size: number; readonly align: number } {
    switch (type.kind) {
      case 'ptr':
        return { size: 8, align: 8 };
      case 'int': {
        const size = type.bits <= 64 ? 2 ** Math.ceil(Math.log2(Math.max(8, type.bits))) / 8 : 16;
        if (type.bits > 128) throw new IrStop('type', typeText(type), 'layout');
        return { size, align: size };
      }
      case 'array': {
        const { size, align } = this.#of(type.of);
        return { size: size * type.n, align };
      }
      case 'struct': {
        let at = 0;
        let align = 1;
        for (const field of type.fields) {
          const own = this.#of(field);
          if (!type.packed) {
            at = roundUp(at, own.align);
            align = Math.max(align, own.align);
          }
          at += own.size;
        }
        return { size: roundUp(at, align), align };
      }
      case 'named': {
        const known = this.#known.get(type.name);
        if (known) return known;
        const own = this.#of(resolveType(this.#types, type));
        this.#known.set(type.name, own);
        return own;
      }
      default:
        throw new IrStop('type', typeText(type), 'layout');
    }
  }
}

const roundUp = (n: number, to: number): number => Math.ceil(n / to) * to;
