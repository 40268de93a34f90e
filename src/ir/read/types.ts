import { IrStop } from '../stop.ts';
import type { Scanner } from './scanner.ts';

/** A type of LLVM IR. Pointers are opaque; a struct with a name refers to the module's table of types. */
export type Type =
  | { readonly kind: 'int'; readonly bits: number }
  | { readonly kind: 'ptr' }
  | { readonly kind: 'void' }
  | { readonly kind: 'label' }
  | { readonly kind: 'metadata' }
  | { readonly kind: 'array'; readonly n: number; readonly of: Type }
  | { readonly kind: 'struct'; readonly packed: boolean; readonly fields: readonly Type[] }
  | { readonly kind: 'named'; readonly name: string }
  | { readonly kind: 'function'; readonly returns: Type; readonly variadic: boolean }
  /** Parsed, and rejected if a value of it is used: vectors, floats. */
  | { readonly kind: 'other'; readonly text: string };

export const PTR: Type = { kind: 'ptr' };
const VOID: Type = { kind: 'void' };
const LABEL: Type = { kind: 'label' };
const METADATA: Type = { kind: 'metadata' };

const ints = new Map<number, Type>();
/** iN, the same object for the same N. */
export function intType(bits: number): Type {
  const known = ints.get(bits);
  if (known) return known;
  const type: Type = { kind: 'int', bits };
  ints.set(bits, type);
  return type;
}

const OTHER = new Set([
  'half',
  'bfloat',
  'float',
  'double',
  'fp128',
  'x86_fp80',
  'ppc_fp128',
  'token',
  'opaque',
]);

/** A type that is not followed by a function type, as before a value. */
function readPlain(s: Scanner): Type {
  switch (s.peek()) {
    case '%':
      return { kind: 'named', name: s.name('%') };
    case '[': {
      s.expect('[');
      const n = Number(s.integer());
      s.expect('x');
      const of = readType(s);
      s.expect(']');
      return { kind: 'array', n, of };
    }
    case '{':
      return { kind: 'struct', packed: false, fields: readFields(s) };
    case '<': {
      const start = s.pos;
      s.expect('<');
      if (s.peek() === '{') {
        const fields = readFields(s);
        s.expect('>');
        return { kind: 'struct', packed: true, fields };
      }
      while (s.peek() !== '>') s.pos++;
      s.expect('>');
      return { kind: 'other', text: s.text.slice(start, s.pos).trim() };
    }
    default:
      return readWord(s);
  }
}

function readWord(s: Scanner): Type {
  const start = s.pos;
  const word = s.word();
  switch (word) {
    case 'ptr':
      if (s.take('addrspace')) {
        s.skipBrackets();
        return { kind: 'other', text: s.text.slice(start, s.pos).trim() };
      }
      return PTR;
    case 'void':
      return VOID;
    case 'label':
      return LABEL;
    case 'metadata':
      return METADATA;
    default:
      if (/^i\d+$/.test(word)) return intType(Number(word.slice(1)));
      if (OTHER.has(word)) return { kind: 'other', text: word };
      s.pos = start;
      return s.fail();
  }
}

function readFields(s: Scanner): Type[] {
  const fields: Type[] = [];
  s.expect('{');
  if (s.take('}')) return fields;
  do fields.push(readType(s));
  while (s.take(','));
  s.expect('}');
  return fields;
}

/** Parses a type; of a function type `T (…)` only the result and whether it is variadic are kept. */
export function readType(s: Scanner): Type {
  const type = readPlain(s);
  if (s.peek() !== '(') return type;
  const start = s.pos;
  s.skipBrackets();
  return { kind: 'function', returns: type, variadic: s.text.slice(start, s.pos).includes('...') };
}

/** Parses a type that cannot be a function type although brackets may follow: the result of a `define`. */
export const readResultType = readPlain;

/** The types of a module by name. */
export type NamedTypes = ReadonlyMap<string, Type>;

/** The meaning of a named type; any other type is returned unchanged. */
export function resolveType(types: NamedTypes, type: Type): Type {
  if (type.kind !== 'named') return type;
  const found = types.get(type.name);
  if (!found) throw new IrStop('type', `%${type.name}`, 'module');
  return resolveType(types, found);
}

/** The type as LLVM writes it. */
export function typeText(type: Type): string {
  switch (type.kind) {
    case 'int':
      return `i${type.bits}`;
    case 'array':
      return `[${type.n} x ${typeText(type.of)}]`;
    case 'struct': {
      const fields = type.fields.map(typeText).join(', ');
      return type.packed ? `<{ ${fields} }>` : `{ ${fields} }`;
    }
    case 'named':
      return `%${type.name}`;
    case 'function':
      return `${typeText(type.returns)} (…)`;
    case 'other':
      return type.text;
    default:
      return type.kind;
  }
}
