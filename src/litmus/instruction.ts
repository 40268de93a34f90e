import { type LitmusAccess, PLACE } from './access.ts';
import type { X86Special } from './x86/instruction.ts';

/**
 * One instruction of a litmus test for arm64, in the assembler's order of operands:
 *
 *     ldr r1, x            ldr r1, pte(x)         ldr r1, [x, r0]
 *     str 1, x             str r1, x              str page(pa2), pte(x)     str table(new), pmd(x)
 *     dmb ish|ishld|ishst  dsb sy|ish|ishst|ishld|nsh|nshst     isb
 *     tlbi vaae1is x       tlbi vaale1 x          tlbi vmalle1is
 *     cbnz r1
 *
 * `[x, r0]` adds an offset that depends on r0 and is nothing: an address dependency. `cbnz r1` jumps to the next
 * instruction: a control dependency. An access may have a label, `a: str 1, x`, that tells whether it faulted.
 */
export type LitmusInstruction = LitmusAccess | Barrier | Tlbi | Branch | X86Special;

export interface Barrier {
  readonly op: 'dmb' | 'dsb' | 'isb';
  /** Whether it waits for stores, for loads, and for effects beyond this CPU. */
  readonly stores: boolean;
  readonly loads: boolean;
  readonly shared: boolean;
}

export interface Tlbi {
  readonly op: 'tlbi';
  /** The address to invalidate; undefined for all. */
  readonly place: string | undefined;
  readonly last_level: boolean;
  readonly broadcast: boolean;
}

export interface Branch {
  readonly op: 'branch';
  readonly reg: string;
}

export const isRegister = (text: string): boolean => /^r\d{1,2}$/.test(text);

const ACCESS = new RegExp(
  String.raw`^(?:([a-z]\w*): )?(ldr|str) ([a-z]\w*\([^)]*\)|[^\s,]+), (?:(${PLACE})|\[(${PLACE}), (r\d{1,2})\])$`,
);

/** Parses one instruction; a string result is the error. */
export function parseInstruction(text: string): LitmusInstruction | string {
  const access = ACCESS.exec(text);
  if (access) return accessOf(access);
  const words = text.split(' ');
  const [name, first, second] = words;
  if (text === 'isb') return { op: 'isb', stores: true, loads: true, shared: true };
  if ((name === 'dmb' || name === 'dsb') && words.length === 2) {
    const kind = /^(sy|ish|ishst|ishld|nsh|nshst|ld|st)$/.exec(first!)?.[1];
    if (kind === undefined) return `${name} has no option ${first}`;
    return {
      op: name,
      stores: !kind.endsWith('ld'),
      loads: !kind.endsWith('st'),
      shared: !kind.startsWith('nsh'),
    };
  }
  if (name === 'cbnz' && words.length === 2 && isRegister(first!)) return { op: 'branch', reg: first! };
  if (name === 'tlbi' && words.length <= 3) return tlbiOf(first ?? '', second);
  return 'is not an instruction of a litmus test';
}

function accessOf([, label, name, operand, bare, based, after]: RegExpExecArray): LitmusInstruction | string {
  const place = (bare ?? based)!;
  if (name === 'ldr') {
    if (!isRegister(operand!)) return `loads into ${operand}, which is not a register`;
    return { op: 'load', place, reg: operand!, value: undefined, after, label };
  }
  return { op: 'store', place, reg: undefined, value: operand!, after, label };
}

function tlbiOf(name: string, place: string | undefined): LitmusInstruction | string {
  const found = /^(vaae1|vae1|vaale1|vale1|vmalle1)(is)?$/.exec(name);
  if (found === null) return `tlbi has no operation ${name}`;
  const all = found[1] === 'vmalle1';
  if (all !== (place === undefined))
    return all ? `tlbi ${name} takes no address` : `tlbi ${name} wants an address`;
  const lastLevel = found[1] === 'vaale1' || found[1] === 'vale1';
  return { op: 'tlbi', place, last_level: lastLevel, broadcast: found[2] === 'is' };
}
