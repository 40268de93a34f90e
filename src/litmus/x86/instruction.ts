import { type LitmusAccess, PLACE } from '../access.ts';

/**
 * An instruction of a litmus test for x86-64 that accesses no memory of the test:
 *
 *     mfence    invlpg x    mov cr3    mov cr4.pge    cli    sti
 *     ipi invlpg x          ipi mov cr4.pge
 *
 * `mov cr3` writes CR3 with the value it has, `mov cr4.pge` changes CR4.PGE and changes it back. `ipi` sends an interrupt to
 * all other CPUs, whose handler does the same as the sender, and waits until all have done it.
 */
export type X86Special = { readonly op: 'mfence' | 'cr3' | 'pge' | 'cli' | 'sti' | 'flush' } | Invlpg;

export interface Invlpg {
  readonly op: 'invlpg';
  readonly place: string;
  readonly everywhere: boolean;
}

const SPECIAL: Readonly<Record<string, Exclude<X86Special['op'], 'invlpg'>>> = {
  mfence: 'mfence',
  'mov cr3': 'cr3',
  'mov cr4.pge': 'pge',
  'ipi mov cr4.pge': 'flush',
  cli: 'cli',
  sti: 'sti',
};

const INVLPG = /^(ipi )?invlpg ([a-z][\w+]*)$/;
const LOAD = new RegExp(String.raw`^(?:([a-z]\w*): )?mov (r\d{1,2}), \[(${PLACE})\]$`);
const STORE = new RegExp(String.raw`^(?:([a-z]\w*): )?mov \[(${PLACE})\], (.+)$`);

/**
 * Parses one instruction; a string result is the error. An access is `mov r1, [x]`, `mov [x], 1`, `mov [x], r1`,
 * `mov r1, [pte(x)]` or `mov [pte(x)], page(p)`, with a label if need be.
 */
export function parseX86Instruction(text: string): LitmusAccess | X86Special | string {
  if (Object.hasOwn(SPECIAL, text)) return { op: SPECIAL[text]! };
  const invlpg = INVLPG.exec(text);
  if (invlpg) return { op: 'invlpg', place: invlpg[2]!, everywhere: invlpg[1] !== undefined };
  const load = LOAD.exec(text);
  if (load) return accessOf('load', load[3]!, load[2], undefined, load[1]);
  const store = STORE.exec(text);
  if (store) return accessOf('store', store[2]!, undefined, store[3], store[1]);
  return 'is not an instruction of a litmus test for x86-64';
}

const accessOf = (
  op: LitmusAccess['op'],
  place: string,
  reg: string | undefined,
  value: string | undefined,
  label: string | undefined,
): LitmusAccess => ({ op, place, reg, value, after: undefined, label });
