import { entryIndex, type Translation, translation } from '../geometry/translation.ts';
import { AF, CONT, type Descriptor, SH_INNER, TABLE_BIT, VALID } from './descriptor/descriptor.ts';
import { writeEntries } from './memory/write.ts';
import { type Defect, type Mmu, newMmu } from './mmu.ts';
import { dsb, isb } from './tlb/barriers.ts';
import { tlbi } from './tlb/tlbi.ts';

/** A small address space for tests of instructions: two adjacent tables of PTEs, reached from the root. */
export const SHAPE: Translation = translation('arm64', 4096, 48);
export const PAGE = 4096;
export const VA = -(2 ** 47);
export const ROOT = 0x1000;
export const PUD = 0x2000;
export const PMD = 0x3000;
/** The two tables, for VA and for VA + 2 MiB. */
export const PTE = 0x10_000;
/** The output address of the first pages. */
export const RAM = 0x4000_0000;

export const table = (addr: number): Descriptor => ({ addr, attr: VALID | TABLE_BIT });
export const leaf = (addr: number, more = 0): Descriptor => ({
  addr,
  attr: VALID | TABLE_BIT | AF | SH_INNER | more,
});
export const block = (addr: number, more = 0): Descriptor => ({ addr, attr: VALID | AF | SH_INNER | more });
export const cont = (addr: number): Descriptor => leaf(addr, CONT);

/** The physical address of the PTE of a page, by the page's number from VA on. */
export const pte = (page: number): number => PTE + 8 * page;
export const va = (page: number): number => VA + page * PAGE;
export const ram = (page: number): number => RAM + page * PAGE;

/** Tables and `pages` mapped pages, all written long ago; CPU 0 executes. */
export function sample(pages: number, options: { cpus?: number; defect?: Defect; attr?: number } = {}): Mmu {
  const { cpus = 2, defect, attr = 0 } = options;
  const m = newMmu({ t: SHAPE, root: ROOT, cpus, ...(defect === undefined ? {} : { defect }) });
  writeEntries(m, ROOT + 8 * entryIndex(SHAPE, 0, VA), 1, table(PUD), 0);
  writeEntries(m, PUD + 8 * entryIndex(SHAPE, 1, VA), 1, table(PMD), 0);
  writeEntries(m, PMD + 8 * entryIndex(SHAPE, 2, VA), 2, table(PTE), PAGE);
  if (pages > 0) writeEntries(m, PTE, pages, leaf(RAM, attr), PAGE);
  dsb(m, 'ishst');
  isb(m);
  return m;
}

/** Runs `work` on another CPU. */
export function on<T>(m: Mmu, cpu: number, work: () => T): T {
  const before = m.cpu;
  m.cpu = cpu;
  const result = work();
  m.cpu = before;
  return result;
}

/** flush_tlb_kernel_range() of arm64's asm/tlbflush.h below its threshold. */
export function flushRange(m: Mmu, start: number, end: number): void {
  dsb(m, 'ishst');
  tlbi(m, { by: 'va', va: start, pages: (end - start) / PAGE, last_level: true, broadcast: true });
  dsb(m, 'ish');
  isb(m);
}

/** __flush_tlb_kernel_pgtable: v5.2 has no ISB, v5.4 has one. */
export function flushPgtable(m: Mmu, at: number, withIsb: boolean): void {
  dsb(m, 'ishst');
  tlbi(m, { by: 'va', va: at, last_level: false, broadcast: true });
  dsb(m, 'ish');
  if (withIsb) isb(m);
}

/** flush_tlb_all. */
export function flushAll(m: Mmu): void {
  dsb(m, 'ishst');
  tlbi(m, { by: 'all', last_level: false, broadcast: true });
  dsb(m, 'ish');
  isb(m);
}

/** local_flush_tlb_all. */
export function localFlushAll(m: Mmu): void {
  dsb(m, 'nshst');
  tlbi(m, { by: 'all', last_level: false, broadcast: false });
  dsb(m, 'nsh');
  isb(m);
}
