import { entry_index, type Translation, translation } from '../geometry/translation.ts';
import { dsb, isb } from './barriers.ts';
import { AF, CONT, type Descriptor, SH_INNER, TABLE_BIT, VALID } from './descriptor.ts';
import { type Defect, type Mmu, new_mmu } from './mmu.ts';
import { tlbi } from './tlbi.ts';
import { write_entries } from './write.ts';

/** A small address space to try instructions on: two tables of PTEs side by side, reached from the root. */
export const SHAPE: Translation = translation('arm64', 4096, 48);
export const PAGE = 4096;
export const VA = -(2 ** 47);
export const ROOT = 0x1000;
export const PUD = 0x2000;
export const PMD = 0x3000;
/** Two tables, of VA and of VA + 2 MiB. */
export const PTE = 0x10_000;
/** What the first pages map to. */
export const RAM = 0x4000_0000;

export const table = (addr: number): Descriptor => ({ addr, attr: VALID | TABLE_BIT });
export const leaf = (addr: number, more = 0): Descriptor => ({
  addr,
  attr: VALID | TABLE_BIT | AF | SH_INNER | more,
});
export const block = (addr: number, more = 0): Descriptor => ({ addr, attr: VALID | AF | SH_INNER | more });
export const cont = (addr: number): Descriptor => leaf(addr, CONT);

/** Address of the PTE of a page, by its number from VA on. */
export const pte = (page: number): number => PTE + 8 * page;
export const va = (page: number): number => VA + page * PAGE;
export const ram = (page: number): number => RAM + page * PAGE;

/** Tables and `pages` mapped pages, all of it written long ago; CPU 0 executes. */
export function sample(pages: number, options: { cpus?: number; defect?: Defect; attr?: number } = {}): Mmu {
  const { cpus = 2, defect, attr = 0 } = options;
  const m = new_mmu({ t: SHAPE, root: ROOT, cpus, ...(defect === undefined ? {} : { defect }) });
  write_entries(m, ROOT + 8 * entry_index(SHAPE, 0, VA), 1, table(PUD), 0);
  write_entries(m, PUD + 8 * entry_index(SHAPE, 1, VA), 1, table(PMD), 0);
  write_entries(m, PMD + 8 * entry_index(SHAPE, 2, VA), 2, table(PTE), PAGE);
  if (pages > 0) write_entries(m, PTE, pages, leaf(RAM, attr), PAGE);
  dsb(m, 'ishst');
  isb(m);
  return m;
}

/** Let another CPU execute. */
export function on<T>(m: Mmu, cpu: number, work: () => T): T {
  const before = m.cpu;
  m.cpu = cpu;
  const result = work();
  m.cpu = before;
  return result;
}

/** flush_tlb_kernel_range() of arm64's asm/tlbflush.h below its threshold. */
export function flush_range(m: Mmu, start: number, end: number): void {
  dsb(m, 'ishst');
  tlbi(m, { by: 'va', va: start, pages: (end - start) / PAGE, last_level: true, broadcast: true });
  dsb(m, 'ish');
  isb(m);
}

/** __flush_tlb_kernel_pgtable: v5.2 has no ISB, v5.4 has. */
export function flush_pgtable(m: Mmu, at: number, with_isb: boolean): void {
  dsb(m, 'ishst');
  tlbi(m, { by: 'va', va: at, last_level: false, broadcast: true });
  dsb(m, 'ish');
  if (with_isb) isb(m);
}

/** flush_tlb_all. */
export function flush_all(m: Mmu): void {
  dsb(m, 'ishst');
  tlbi(m, { by: 'all', last_level: false, broadcast: true });
  dsb(m, 'ish');
  isb(m);
}

/** local_flush_tlb_all. */
export function local_flush_all(m: Mmu): void {
  dsb(m, 'nshst');
  tlbi(m, { by: 'all', last_level: false, broadcast: false });
  dsb(m, 'nsh');
  isb(m);
}
