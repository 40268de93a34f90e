import type { Scanner } from './scanner.ts';
import { readType, type Type } from './types.ts';

/** An integer of up to 64 bits as two signed 32-bit halves. */
export interface Int64 {
  readonly lo: number;
  readonly hi: number;
}

/** An operand of an instruction: a register by name, or a constant. */
export type IrValue =
  | { readonly kind: 'local'; readonly name: string }
  | ({ readonly kind: 'int' } & Int64)
  | { readonly kind: 'null' }
  | { readonly kind: 'undef' }
  | { readonly kind: 'zero' }
  | { readonly kind: 'global'; readonly name: string }
  | { readonly kind: 'bytes'; readonly bytes: string }
  | { readonly kind: 'aggregate'; readonly elements: readonly TypedValue[] }
  | {
      readonly kind: 'gep';
      readonly of: Type;
      readonly base: TypedValue;
      readonly indices: readonly TypedValue[];
    }
  | { readonly kind: 'cast'; readonly op: string; readonly from: TypedValue; readonly to: Type }
  | { readonly kind: 'binary'; readonly op: string; readonly a: TypedValue; readonly b: TypedValue }
  | { readonly kind: 'asm'; readonly asm: InlineAsm }
  | { readonly kind: 'metadata'; readonly text: string }
  /** Parsed, and rejected if it is used: blockaddress, floats and others. */
  | { readonly kind: 'other'; readonly text: string };

export interface TypedValue {
  readonly type: Type;
  readonly value: IrValue;
}

export interface InlineAsm {
  readonly text: string;
  readonly constraints: string;
  readonly sideEffect: boolean;
}

const WORD = 2 ** 32;

/** The 64 low bits of a decimal integer of any length. */
function parseInt64(text: string): Int64 {
  if (text.length < 16) {
    const n = Number(text);
    return { lo: n | 0, hi: Math.floor(n / WORD) | 0 };
  }
  const n = BigInt.asUintN(64, BigInt(text));
  return { lo: Number(n & 0xffffffffn) | 0, hi: Number(n >> 32n) | 0 };
}

const CASTS = new Set(['ptrtoint', 'inttoptr', 'bitcast', 'trunc', 'zext', 'sext', 'addrspacecast']);
const BINARIES = new Set(['add', 'sub', 'mul', 'and', 'or', 'xor', 'shl', 'lshr', 'ashr']);
/** Flags before operands that the interpreter ignores. */
const FLAGS = ['inbounds', 'nuw', 'nsw', 'nusw', 'exact', 'inrange', 'disjoint', 'nneg'];

export function skipFlags(s: Scanner): void {
  while (FLAGS.some((flag) => s.take(flag)))
    if (s.peek() === '(' && s.text.startsWith('(-', s.pos)) s.skipBrackets();
}

export function readTyped(s: Scanner): TypedValue {
  const type = readType(s);
  if (type.kind === 'metadata') return { type, value: readMetadataValue(s) };
  skipAttributes(s);
  return { type, value: readValue(s, type) };
}

/** Metadata as an argument of a call: up to the comma or bracket that ends it. */
function readMetadataValue(s: Scanner): IrValue {
  s.peek();
  const start = s.pos;
  let depth = 0;
  for (; s.pos < s.text.length; s.pos++) {
    const c = s.text[s.pos]!;
    if (c === '"') s.pos = s.text.indexOf('"', s.pos + 1);
    else if ('({['.includes(c)) depth++;
    else if (depth > 0 && ')}]'.includes(c)) depth--;
    else if (depth === 0 && (c === ',' || c === ')')) break;
  }
  return { kind: 'metadata', text: s.text.slice(start, s.pos) };
}

/** Attributes of parameters and results. */
const ATTRIBUTE =
  /^(?:noundef|nonnull|signext|zeroext|inreg|noalias|nocapture|nofree|nest|readonly|readnone|writeonly|returned|immarg|swiftself|noundef|dead_on_unwind|writable|noext|nocreateundeforpoison|allocptr|allocalign|nofpclass|captures|align|dereferenceable|dereferenceable_or_null|sret|byval|byref|elementtype|range|initializes|preallocated|inalloca)\b/;

export function skipAttributes(s: Scanner): void {
  for (;;) {
    s.peek();
    if (s.text[s.pos] === '"') {
      s.string();
      if (s.take('=')) s.string();
      continue;
    }
    if (!ATTRIBUTE.test(s.text.slice(s.pos, s.pos + 32))) return;
    const word = s.word();
    if (s.peek() === '(') s.skipBrackets();
    else if (word === 'align') s.integer();
  }
}

export function readValue(s: Scanner, type: Type): IrValue {
  const c = s.peek();
  if (c === '%') return { kind: 'local', name: s.name('%') };
  if (c === '@') return { kind: 'global', name: s.name('@') };
  if (c === '-' || (c >= '0' && c <= '9')) {
    const start = s.pos;
    const word = s.word();
    if (/^-?\d+$/.test(word)) return { kind: 'int', ...parseInt64(word) };
    return { kind: 'other', text: s.text.slice(start, s.pos) };
  }
  if (c === '[' || c === '{' || c === '<') return readAggregate(s, c);
  if (c === '!') return readMetadataValue(s);
  return readWordValue(s, type);
}

const CLOSING: Readonly<Record<string, string>> = { '[': ']', '{': '}', '<': '>' };

function readAggregate(s: Scanner, open: string): IrValue {
  s.expect(open);
  if (open === '<' && s.peek() === '{') {
    const inner = readAggregate(s, '{');
    s.expect('>');
    return inner;
  }
  const elements: TypedValue[] = [];
  const close = CLOSING[open]!;
  if (!s.take(close)) {
    do elements.push(readTyped(s));
    while (s.take(','));
    s.expect(close);
  }
  return { kind: 'aggregate', elements };
}

function readWordValue(s: Scanner, type: Type): IrValue {
  const start = s.pos;
  const word = s.word();
  switch (word) {
    case 'true':
      return { kind: 'int', lo: 1, hi: 0 };
    case 'false':
      return { kind: 'int', lo: 0, hi: 0 };
    case 'null':
      return { kind: 'null' };
    case 'undef':
    case 'poison':
      return { kind: 'undef' };
    case 'zeroinitializer':
      return { kind: 'zero' };
    case 'c':
      return { kind: 'bytes', bytes: s.string() };
    case 'dso_local_equivalent':
    case 'no_cfi':
      return readValue(s, type);
    case 'asm':
      return { kind: 'asm', asm: readAsm(s) };
    case 'getelementptr':
      return readConstantGep(s);
    default:
  }
  if (CASTS.has(word)) {
    skipFlags(s);
    s.expect('(');
    const from = readTyped(s);
    s.expect('to');
    const to = readType(s);
    s.expect(')');
    return { kind: 'cast', op: word, from, to };
  }
  if (BINARIES.has(word)) {
    skipFlags(s);
    s.expect('(');
    const a = readTyped(s);
    s.expect(',');
    const b = readTyped(s);
    s.expect(')');
    return { kind: 'binary', op: word, a, b };
  }
  if (word === '') s.fail();
  if (s.peek() === '(') s.skipBrackets();
  return { kind: 'other', text: s.text.slice(start, s.pos) };
}

function readAsm(s: Scanner): InlineAsm {
  let sideEffect = false;
  for (;;) {
    if (s.take('sideeffect')) sideEffect = true;
    else if (!s.take('alignstack') && !s.take('inteldialect') && !s.take('unwind')) break;
  }
  const text = s.string();
  s.expect(',');
  return { text, constraints: s.string(), sideEffect };
}

function readConstantGep(s: Scanner): IrValue {
  skipFlags(s);
  s.expect('(');
  const of = readType(s);
  s.expect(',');
  const base = readTyped(s);
  const indices: TypedValue[] = [];
  while (s.take(',')) {
    skipFlags(s);
    indices.push(readTyped(s));
  }
  s.expect(')');
  return { kind: 'gep', of, base, indices };
}
