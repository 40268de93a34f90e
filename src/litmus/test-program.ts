import { InputError, quote } from '../errors/input-error.ts';
import { isRegister, type LitmusInstruction } from './instruction.ts';
import { type Location, mapping, pageOf, TestLayout } from './layout.ts';
import type { LitmusTest } from './test.ts';

/** An instruction with its names resolved. */
export interface LitmusOp {
  readonly op: LitmusInstruction['op'];
  readonly at: Location | undefined;
  /** For a store: the value it writes, unless a register holds it. */
  readonly value: string | undefined;
  /** Earlier instructions whose results determine this one's value, its address, or whether it is reached. */
  readonly data: number | undefined;
  readonly address: number | undefined;
  readonly control: number | undefined;
  readonly stores: boolean;
  readonly loads: boolean;
  readonly shared: boolean;
  readonly last_level: boolean;
  readonly broadcast: boolean;
}

/**
 * A test that is ready to run, with addresses and values in place of names. Values are texts: numbers, `d…`
 * descriptors, `!…` faults.
 */
export interface CompiledTest {
  readonly test: LitmusTest;
  readonly threads: readonly (readonly LitmusOp[])[];
  /** The table words written before the test begins, in order; and the contents of memory. */
  readonly words: readonly (readonly [pa: number, value: string])[];
  readonly memory: readonly (readonly [pa: number, value: string])[];
  readonly wanted: readonly Wanted[];
}

/** One condition on the final state. */
export interface Wanted {
  /** The result of an instruction, or of memory. */
  readonly of: { readonly thread: number; readonly index: number } | { readonly pa: number };
  readonly is: string;
  readonly not: boolean;
}

export const wordText = (d: { addr: number; attr: number }): string => `d${d.addr},${d.attr}`;

export function wordOf(text: string): { addr: number; attr: number } {
  const [addr, attr] = text.slice(1).split(',').map(Number);
  return { addr: addr!, attr: attr! };
}

/**
 * Resolves the names of a test.
 * @throws InputError for an unknown name or value, or a descriptor with reserved bits
 */
export function compile(test: LitmusTest): CompiledTest {
  const layout = new TestLayout(test);
  const threads = test.threads.map((code, t) => code.map((_, i) => opOf(test, layout, t, i)));
  const words: [number, string][] = [];
  const memory: [number, string][] = [];
  for (const [key, text] of Object.entries(test.initially)) {
    const path = ['initially', key];
    const at = location(test, layout, key, path, true);
    if (at.kind === 'word') words.push([at.pa, wordText(layout.entry(text, at.depth, path))]);
    else if (/^\d+$/.test(text)) memory.push([layout.page(key), text]);
    else throw new InputError(test.file, test.place(path), `${quote(text)} is not a number`);
  }
  const wanted = Object.entries(test.finally).map(([key, text]) => wantedOf(test, layout, key, text));
  const mapped = [...mapping(layout)].map(([pa, d]): [number, string] => [pa, wordText(d)]);
  return { test, threads, words: [...mapped, ...words], memory, wanted };
}

function location(
  test: LitmusTest,
  layout: TestLayout,
  text: string,
  path: readonly PropertyKey[],
  page = false,
): Location {
  const entry = /^(pud|pmd|pte)\(/.test(text);
  if (!(entry ? /^\w+\([a-z]\w*(\+\d{1,2})?( in [a-z]\w*)?\)$/ : /^[a-z]\w*(\+\d{1,2})?$/).test(text)) {
    throw new InputError(test.file, test.place(path), `${quote(text)} names nothing`);
  }
  return page && !entry ? { kind: 'va', va: 0 } : layout.location(text);
}

function opOf(test: LitmusTest, layout: TestLayout, t: number, i: number): LitmusOp {
  const code = test.threads[t]!;
  const it = code[i]!;
  const path = ['threads', t, i];
  const producer = (reg: string): number => {
    for (let j = i - 1; j >= 0; j--) {
      const before = code[j]!;
      if (before.op === 'load' && before.reg === reg) return j;
    }
    throw new InputError(test.file, test.place(path), `nothing is in ${reg} yet`);
  };
  const none = { at: undefined, value: undefined, data: undefined, address: undefined, control: undefined };
  const flags = { stores: false, loads: false, shared: false, last_level: false, broadcast: false };
  switch (it.op) {
    case 'branch':
      return { ...none, ...flags, op: 'branch', control: producer(it.reg) };
    case 'tlbi': {
      const at = it.place === undefined ? undefined : location(test, layout, it.place, path);
      return { ...none, ...flags, op: 'tlbi', at, last_level: it.last_level, broadcast: it.broadcast };
    }
    case 'mfence':
    case 'cr3':
    case 'pge':
    case 'cli':
    case 'sti':
      return { ...none, ...flags, op: it.op };
    case 'invlpg': {
      const at = location(test, layout, it.place, path);
      return { ...none, ...flags, op: it.op, at, broadcast: it.everywhere };
    }
    case 'flush':
      return { ...none, ...flags, op: it.op, broadcast: true };
    case 'dmb':
    case 'dsb':
    case 'isb':
      return { ...none, ...flags, ...it };
  }
  const at = location(test, layout, it.place, path);
  const address = it.after === undefined ? undefined : producer(it.after);
  if (it.op === 'load') return { ...none, ...flags, op: 'load', at, address };
  if (isRegister(it.value!))
    return { ...none, ...flags, op: 'store', at, address, data: producer(it.value!) };
  if (at.kind === 'va' && !/^\d{1,3}$/.test(it.value!)) {
    throw new InputError(test.file, test.place(path), `${quote(it.value!)} is not a number`);
  }
  const value = at.kind === 'va' ? it.value! : wordText(layout.entry(it.value!, at.depth, path));
  return { ...none, ...flags, op: 'store', at, address, value };
}

function wantedOf(test: LitmusTest, layout: TestLayout, key: string, text: string): Wanted {
  const path = ['finally', key];
  const refuse = (what: string): never => {
    throw new InputError(test.file, test.place(path), what);
  };
  const not = text.startsWith('not ');
  const said = not ? text.slice(4) : text;
  const d = layout.descriptor(said);
  if (
    d === undefined &&
    !/^(\d{1,3}|fault( (translation|access-flag|permission|conflict)( -?\d)?)?)$/.test(said)
  ) {
    refuse(`${quote(text)} is not a value`);
  }
  const is = d !== undefined ? wordText(d) : said.replace(/^fault ?/, '!');
  const named = /^P(\d) (\w+)$/.exec(key);
  if (named === null) {
    if (!/^[a-z]\w*$/.test(key)) refuse(`${quote(key)} is neither "P0 r1" nor a page`);
    return { of: { pa: layout.page(key) }, is, not };
  }
  const thread = Number(named[1]);
  const index = test.threads[thread]?.findLastIndex(
    (it) => (it.op === 'load' && it.reg === named[2]) || ('label' in it && it.label === named[2]),
  );
  if (index === undefined || index < 0) refuse(`P${thread} has no ${named[2]}`);
  return { of: { thread, index: index! }, is, not };
}

/** Whether a TLBI by this address covers an access. */
export const samePage = (a: Location, b: Location): boolean =>
  a.kind === 'va' && b.kind === 'va' && pageOf(a.va) === pageOf(b.va);
