import type { Scanner } from './scanner.ts';
import { intType, PTR, readResultType, readType, type Type } from './types.ts';
import { type IrValue, readTyped, readValue, skipAttributes, skipFlags, type TypedValue } from './values.ts';

/**
 * An instruction as written. `result` is the name of its register, '' without one; `dbg` is the number of its location.
 */
export type IrInstruction = { readonly result: string; readonly dbg: number } & InstructionKind;

export type InstructionKind =
  | { readonly op: 'binary'; readonly name: BinaryName; readonly a: TypedValue; readonly b: IrValue }
  | { readonly op: 'icmp'; readonly name: string; readonly a: TypedValue; readonly b: IrValue }
  | { readonly op: 'cast'; readonly name: string; readonly a: TypedValue; readonly to: Type }
  | {
      readonly op: 'load';
      readonly type: Type;
      readonly at: IrValue;
      readonly volatile: boolean;
      readonly ordering: string;
    }
  | {
      readonly op: 'store';
      readonly a: TypedValue;
      readonly at: IrValue;
      readonly volatile: boolean;
      readonly ordering: string;
    }
  | { readonly op: 'alloca'; readonly type: Type; readonly n: TypedValue | null; readonly align: number }
  | { readonly op: 'gep'; readonly of: Type; readonly base: IrValue; readonly indices: readonly TypedValue[] }
  | { readonly op: 'select'; readonly c: TypedValue; readonly a: TypedValue; readonly b: TypedValue }
  | {
      readonly op: 'phi';
      readonly type: Type;
      readonly from: readonly { readonly value: IrValue; readonly block: string }[];
    }
  | { readonly op: 'freeze'; readonly a: TypedValue }
  | { readonly op: 'extractvalue'; readonly a: TypedValue; readonly path: readonly number[] }
  | {
      readonly op: 'insertvalue';
      readonly a: TypedValue;
      readonly b: TypedValue;
      readonly path: readonly number[];
    }
  | {
      readonly op: 'call';
      readonly returns: Type;
      readonly callee: IrValue;
      readonly args: readonly TypedValue[];
      /** The possible targets of a callbr: the fall-through, then the others. */
      readonly targets: readonly string[];
    }
  | { readonly op: 'br'; readonly to: string }
  | { readonly op: 'condbr'; readonly c: IrValue; readonly then: string; readonly else: string }
  | {
      readonly op: 'switch';
      readonly a: TypedValue;
      readonly otherwise: string;
      readonly cases: readonly { readonly value: IrValue; readonly to: string }[];
    }
  | { readonly op: 'ret'; readonly a: TypedValue | null }
  | { readonly op: 'unreachable' }
  | { readonly op: 'cmpxchg'; readonly at: IrValue; readonly expect: TypedValue; readonly value: IrValue }
  | { readonly op: 'atomicrmw'; readonly name: string; readonly at: IrValue; readonly a: TypedValue }
  | { readonly op: 'fence'; readonly ordering: string }
  /** #dbg_value and similar records: from here on the C variable has this value. */
  | { readonly op: 'dbg'; readonly a: TypedValue; readonly variable: number; readonly declares: boolean }
  /** Parsed, and rejected when the run reaches it. */
  | { readonly op: 'other'; readonly name: string };

export type BinaryName =
  | 'add'
  | 'sub'
  | 'mul'
  | 'udiv'
  | 'sdiv'
  | 'urem'
  | 'srem'
  | 'and'
  | 'or'
  | 'xor'
  | 'shl'
  | 'lshr'
  | 'ashr';

const BINARY = new Set<string>('add sub mul udiv sdiv urem srem and or xor shl lshr ashr'.split(' '));
const CAST = new Set('zext sext trunc ptrtoint inttoptr bitcast'.split(' '));
const ORDERINGS = ['unordered', 'monotonic', 'acquire', 'release', 'acq_rel', 'seq_cst'];

/** Parses one instruction; the scanner is at its first character, and after it afterwards. */
export function readInstruction(s: Scanner): IrInstruction {
  if (s.peek() === '#') return readRecord(s);
  let result = '';
  if (s.peek() === '%') {
    result = s.name('%');
    s.expect('=');
  }
  const operation = readOperation(s);
  return { result, dbg: readAttachments(s), ...operation };
}

function readOperation(s: Scanner): InstructionKind {
  const start = s.pos;
  const name = s.word();
  if (BINARY.has(name)) return readBinary(s, name as BinaryName);
  if (CAST.has(name)) return readCast(s, name);
  switch (name) {
    case 'icmp': {
      s.take('samesign');
      const how = s.word();
      const a = readTyped(s);
      s.expect(',');
      return { op: 'icmp', name: how, a, b: readValue(s, a.type) };
    }
    case 'load':
      return readLoad(s);
    case 'store':
      return readStore(s);
    case 'getelementptr':
      return readGep(s);
    case 'alloca':
      return readAlloca(s);
    case 'select': {
      const c = readTyped(s);
      s.expect(',');
      const a = readTyped(s);
      s.expect(',');
      return { op: 'select', c, a, b: readTyped(s) };
    }
    case 'phi':
      return readPhi(s);
    case 'freeze':
      return { op: 'freeze', a: readTyped(s) };
    case 'extractvalue': {
      const a = readTyped(s);
      return { op: 'extractvalue', a, path: readPath(s) };
    }
    case 'insertvalue': {
      const a = readTyped(s);
      s.expect(',');
      const b = readTyped(s);
      return { op: 'insertvalue', a, b, path: readPath(s) };
    }
    case 'tail':
    case 'musttail':
    case 'notail':
      s.expect('call');
      return readCall(s, false);
    case 'call':
      return readCall(s, false);
    case 'callbr':
      return readCall(s, true);
    case 'br':
      return readBranch(s);
    case 'switch':
      return readSwitch(s);
    case 'ret': {
      if (s.take('void')) return { op: 'ret', a: null };
      return { op: 'ret', a: readTyped(s) };
    }
    case 'unreachable':
      return { op: 'unreachable' };
    case 'cmpxchg':
      return readCmpxchg(s);
    case 'atomicrmw':
      return readAtomicrmw(s);
    case 'fence': {
      skipScope(s);
      return { op: 'fence', ordering: s.word() };
    }
    default:
      if (name === '') s.fail();
      s.pos = start;
      s.pos = s.text.indexOf('\n', s.pos);
      return { op: 'other', name };
  }
}

function readBinary(s: Scanner, name: BinaryName): InstructionKind {
  skipFlags(s);
  const a = readTyped(s);
  s.expect(',');
  return { op: 'binary', name, a, b: readValue(s, a.type) };
}

function readCast(s: Scanner, name: string): InstructionKind {
  skipFlags(s);
  const a = readTyped(s);
  s.expect('to');
  return { op: 'cast', name, a, to: readType(s) };
}

function skipScope(s: Scanner): void {
  if (s.take('syncscope')) s.skipBrackets();
}

function readOrdering(s: Scanner): string {
  skipScope(s);
  return ORDERINGS.find((ordering) => s.take(ordering)) ?? '';
}

function readLoad(s: Scanner): InstructionKind {
  s.take('atomic');
  const volatile = s.take('volatile');
  const type = readType(s);
  s.expect(',');
  const at = readTyped(s).value;
  return { op: 'load', type, at, volatile, ordering: readOrdering(s) };
}

function readStore(s: Scanner): InstructionKind {
  s.take('atomic');
  const volatile = s.take('volatile');
  const a = readTyped(s);
  s.expect(',');
  const at = readTyped(s).value;
  return { op: 'store', a, at, volatile, ordering: readOrdering(s) };
}

function readGep(s: Scanner): InstructionKind {
  skipFlags(s);
  const of = readType(s);
  s.expect(',');
  const base = readTyped(s).value;
  const indices: TypedValue[] = [];
  while (commaBefore(s)) indices.push(readTyped(s));
  return { op: 'gep', of, base, indices };
}

function readAlloca(s: Scanner): InstructionKind {
  s.take('inalloca');
  const type = readType(s);
  let n: TypedValue | null = null;
  let align = 1;
  while (commaBefore(s)) {
    if (s.take('align')) align = Number(s.integer());
    else n = readTyped(s);
  }
  return { op: 'alloca', type, n, align };
}

function readPhi(s: Scanner): InstructionKind {
  const type = readType(s);
  const from: { value: IrValue; block: string }[] = [];
  do {
    s.expect('[');
    const value = readValue(s, type);
    s.expect(',');
    from.push({ value, block: s.name('%') });
    s.expect(']');
  } while (commaBefore(s));
  return { op: 'phi', type, from };
}

function readPath(s: Scanner): number[] {
  const path: number[] = [];
  while (commaBefore(s)) path.push(Number(s.integer()));
  return path;
}

/** Consumes a comma unless metadata follows. */
function commaBefore(s: Scanner): boolean {
  const { pos } = s;
  if (!s.take(',')) return false;
  if (s.peek() !== '!') return true;
  s.pos = pos;
  return false;
}

const CONVENTION =
  /^(?:ccc|fastcc|coldcc|preserve_mostcc|preserve_allcc|preserve_nonecc|cc \d+|nnan|ninf|nsz|arcp|contract|afn|reassoc|fast)\b/;

function readCall(s: Scanner, branches: boolean): InstructionKind {
  for (;;) {
    s.peek();
    const found = CONVENTION.exec(s.text.slice(s.pos, s.pos + 24));
    if (!found) break;
    s.pos += found[0].length;
  }
  skipAttributes(s);
  const type = readResultType(s);
  // the type of a variadic function is written completely before its name
  let returns = type;
  if (s.peek() === '(') s.skipBrackets();
  if (type.kind === 'function') ({ returns } = type);
  const callee = readValue(s, PTR);
  s.expect('(');
  const args: TypedValue[] = [];
  if (!s.take(')')) {
    do args.push(readTyped(s));
    while (s.take(','));
    s.expect(')');
  }
  for (;;) {
    if (s.peek() === '#' && /\d/.test(s.text[s.pos + 1]!)) s.name('#');
    else if (s.peek() === '[') s.skipBrackets();
    else {
      const { pos } = s;
      skipAttributes(s);
      const word = s.peekWord();
      if (s.pos === pos && !FUNCTION_ATTRIBUTES.has(word)) break;
      if (FUNCTION_ATTRIBUTES.has(word)) {
        s.word();
        if (s.peek() === '(') s.skipBrackets();
      }
    }
  }
  const targets: string[] = [];
  if (branches) {
    s.expect('to');
    targets.push(readLabel(s));
    s.expect('[');
    if (!s.take(']')) {
      do targets.push(readLabel(s));
      while (s.take(','));
      s.expect(']');
    }
  }
  return { op: 'call', returns, callee, args, targets };
}

const FUNCTION_ATTRIBUTES = new Set(
  'nounwind noreturn memory willreturn nosync cold hot convergent nomerge noinline alwaysinline builtin nobuiltin mustprogress nocallback speculatable'.split(
    ' ',
  ),
);

function readLabel(s: Scanner): string {
  s.expect('label');
  return s.name('%');
}

function readBranch(s: Scanner): InstructionKind {
  if (s.peekWord() === 'label') return { op: 'br', to: readLabel(s) };
  const c = readTyped(s).value;
  s.expect(',');
  const then = readLabel(s);
  s.expect(',');
  return { op: 'condbr', c, then, else: readLabel(s) };
}

function readSwitch(s: Scanner): InstructionKind {
  const a = readTyped(s);
  s.expect(',');
  const otherwise = readLabel(s);
  s.expect('[');
  const cases: { value: IrValue; to: string }[] = [];
  while (!s.take(']')) {
    const { value } = readTyped(s);
    s.expect(',');
    cases.push({ value, to: readLabel(s) });
  }
  return { op: 'switch', a, otherwise, cases };
}

function readCmpxchg(s: Scanner): InstructionKind {
  s.take('weak');
  s.take('volatile');
  const at = readTyped(s).value;
  s.expect(',');
  const expect = readTyped(s);
  s.expect(',');
  const { value } = readTyped(s);
  readOrdering(s);
  readOrdering(s);
  return { op: 'cmpxchg', at, expect, value };
}

function readAtomicrmw(s: Scanner): InstructionKind {
  s.take('volatile');
  const name = s.word();
  const at = readTyped(s).value;
  s.expect(',');
  const a = readTyped(s);
  readOrdering(s);
  return { op: 'atomicrmw', name, at, a };
}

/** `#dbg_value(T v, !variable, !DIExpression(…), !location)` and similar records. */
function readRecord(s: Scanner): IrInstruction {
  const kind = s.name('#');
  s.peek();
  const start = s.pos;
  if (kind !== 'dbg_value' && kind !== 'dbg_declare') {
    s.skipBrackets();
    return {
      result: '',
      dbg: -1,
      op: 'dbg',
      a: { type: intType(1), value: { kind: 'undef' } },
      variable: -1,
      declares: false,
    };
  }
  s.expect('(');
  let a: TypedValue = { type: intType(1), value: { kind: 'undef' } };
  let variable = -1;
  if (s.peek() !== '!') {
    a = readTyped(s);
    s.expect(',');
    variable = Number(s.name('!'));
    s.expect(',');
    s.peek();
    // a part of the variable, or a value that is computed from `a`
    if (!s.text.startsWith('!DIExpression()', s.pos)) a = { type: intType(1), value: { kind: 'undef' } };
  }
  s.pos = start;
  s.skipBrackets();
  return { result: '', dbg: -1, op: 'dbg', a, variable, declares: kind === 'dbg_declare' };
}

/**
 * The attachments after the operands up to the end of the line: `, align 8, !dbg !12, !srcloc !3`. Returns the number
 * after !dbg, or -1.
 */
function readAttachments(s: Scanner): number {
  let dbg = -1;
  while (s.take(',')) {
    if (s.take('align')) s.integer();
    else if (s.peek() === '!') {
      const name = s.name('!');
      if (s.peek() === '!') {
        s.pos++;
        if (s.peek() === '{') s.skipBrackets();
        else {
          const number = s.word();
          if (name === 'dbg') dbg = Number(number);
          if (s.peek() === '(') s.skipBrackets();
        }
      }
    } else s.fail();
  }
  return dbg;
}

/** The instructions of an operation. */
export type InstructionOf<Op extends IrInstruction['op']> = Extract<IrInstruction, { readonly op: Op }>;
