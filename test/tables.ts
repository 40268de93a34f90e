import { entrySize } from '../src/geometry/translation.ts';
import { CONT } from '../src/hardware/descriptor/descriptor.ts';
import { leaves } from '../src/hardware/walks/walk.ts';
import { phys_to_virt } from '../src/kernel/pfn.ts';
import { releases } from '../src/releases/index.ts';
import type { Session } from '../src/scenarios/running/session.ts';
import type { CallStep, Step, Steps } from '../src/steps/step.ts';
import { G, M, type MachineObject } from './kit.ts';

/** Shared by the tests of the kernel's own tables. */

/** Page size in K and VA_BITS of every possible arm64 kernel. */
export const GEOMETRIES = [
  [4, 39],
  [4, 48],
  [4, 52],
  [16, 36],
  [16, 47],
  [16, 48],
  [16, 52],
  [64, 42],
  [64, 48],
  [64, 52],
] as const;

/** 2G of boot memory from 2G on. */
export const arm64 = (page: number, vaBits: number, rodata: 'full' | 'off' = 'full'): MachineObject => ({
  arch: 'arm64',
  page_size: `${page}K`,
  va_bits: vaBits,
  boot_options: `rodata=${rodata}`,
  ram: [{ start: '2G', size: '2G' }],
  nodes: [{ node: 0, cpus: '0-1' }, { node: 1 }],
});

/** Whether a release can be built with a shape: 52 bits came with v5.4 for 64K pages, with v6.9 for the others. */
export function canBeBuilt(release: string, page: number, vaBits: number): boolean {
  const { LPA2, layout } = releases.get(release)!.constants;
  return vaBits < 52 || (page === 64 ? layout !== 'v5.2' : LPA2);
}

const sizeText = (bytes: number): string =>
  bytes >= G ? `${bytes / G}G` : bytes >= M ? `${bytes / M}M` : `${bytes / 1024}K`;

/** The leaves that map [from, to), one line per range of equal leaves: "262144 x 4K", "32 x 32M contiguous". */
export function leafLines(session: Session, from: number, to: number): string[] {
  const { t } = session.kernel.c;
  const found: { n: number; what: string; end: number }[] = [];
  for (const leaf of leaves(session.state.mmu!, from, to)) {
    const hint = leaf.attr & CONT ? ' contiguous' : '';
    const what = `${sizeText(entrySize(t, leaf.depth))}${hint}`;
    const last = found.at(-1);
    if (last?.what === what && last.end === leaf.start) {
      last.n += leaf.n;
      last.end = leaf.end;
    } else found.push({ n: leaf.n, what, end: leaf.end });
  }
  return found.map(({ n, what }) => `${n} x ${what}`);
}

/** The linear map of [phys, phys + size). */
export const linearLines = (session: Session, phys: number, size: number): string[] => {
  const start = phys_to_virt(session.kernel.c, phys);
  return leafLines(session, start, start + size);
};

/** All of memory that holds descriptors, as text. */
export const wordsText = (session: Session): string =>
  session.state
    .mmu!.words.canonical()
    .map((r) => `${r.pa}+${r.n}:${r.addr},${r.n === 1 ? 0 : r.stride},${r.attr}`)
    .join('\n');

/** Passes a thread's steps on and stores them. */
export function* recorded<T>(thread: Steps<T>, steps: Step[]): Steps<T> {
  let next = thread.next();
  while (!next.done) {
    steps.push(next.value);
    next = thread.next(yield next.value);
  }
  return next.value;
}

/** The TLB operations and barriers among steps, in the words of the architecture, equal ones counted: "512 TLBI VAALE1IS". */
export function tlbLines(steps: readonly Step[]): string[] {
  const calls = steps.filter((step): step is CallStep => step.op === 'call' && step.operation.obj === 'mmu');
  return calls.flatMap(({ operation: { name: fn }, args }) => {
    if (fn === 'barrier_isb') return ['ISB'];
    if (fn === 'barrier_dsb') return [`DSB ${String(args[0]).toUpperCase()}`];
    if (fn !== 'issue') return [];
    const op = args[0] as { by: string; last_level: boolean; broadcast: boolean; pages?: number };
    const name = op.by === 'all' ? 'VMALLE1' : op.last_level ? 'VAALE1' : 'VAAE1';
    return [`${op.by === 'all' ? 1 : (op.pages ?? 1)} TLBI ${name}${op.broadcast ? 'IS' : ''}`];
  });
}
