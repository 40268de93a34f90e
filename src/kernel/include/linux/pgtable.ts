import { entryIndex, type LevelName, nextEntry, type Translation } from '../../../geometry/translation.ts';
import { type Descriptor, isNone } from '../../../hardware/descriptor/descriptor.ts';
import type { Steps } from '../../../steps/step.ts';
import { ASM } from '../../asm.ts';
import type { Config } from '../../config.ts';
import { type EntryPointer, mmu_steps } from '../../mmu.ts';
import { change, look } from '../../ops.ts';
import type { Pgtable } from '../asm-generic/pgtable.ts';

/**
 * include/linux/pgtable.h: entries of the kernel's tables, read and written one by one, and the tests that generic code
 * applies to them. An architecture provides a {@link Pgtable}; functions that take steps (`set_pte`, `pmd_offset`,
 * `flush_tlb_kernel_range`) are in the function table of a release.
 */

export type { EntryPointer } from '../../mmu.ts';

/** The null pointer: NULL. */
export const NULL_ENTRY: EntryPointer = -1;

const asm = (c: Config): Pgtable => ASM[c.arch];

/** The entry is empty: pXd_none. */
export const none = isNone;
export const present = (c: Config, d: Descriptor): boolean => asm(c).present(d);
export const bad = (c: Config, d: Descriptor): boolean => asm(c).bad(d);
export const pud_leaf = (c: Config, d: Descriptor): boolean => asm(c).pud_leaf(c.t, d);
export const pmd_leaf = (c: Config, d: Descriptor): boolean => asm(c).pmd_leaf(c.t, d);
export const leaf_entry = (c: Config, phys: number, prot: number): Descriptor =>
  asm(c).leaf_entry(c, phys, prot);
export const table_entry = (c: Config, phys: number, attr: number): Descriptor =>
  asm(c).table_entry(c, phys, attr);
export const leaf_address = (c: Config, d: Descriptor): number => asm(c).leaf_address(c, d);
export const table_page = (c: Config, d: Descriptor): number => asm(c).table_page(c, d);

/** The entry of the root at `pgd` that translates `addr`. */
export const pgd_offset_pgd = (c: Config, pgd: EntryPointer, addr: number): EntryPointer =>
  pgd + entryIndex(c.t, 0, addr) * 8;

/** READ_ONCE(*p) */
export function* READ_ONCE(p: EntryPointer): Steps<Descriptor> {
  return yield* look(mmu_steps.read_at, p);
}

/** WRITE_ONCE(*p, d) */
export function* WRITE_ONCE(p: EntryPointer, d: Descriptor): Steps<void> {
  yield* change(mmu_steps.write_at, p, d);
}

/** xchg(p, d): returns the old value. */
export function* XCHG(p: EntryPointer, d: Descriptor): Steps<Descriptor> {
  return yield* change(mmu_steps.swap_at, p, d);
}

/** pXd_addr_end(addr, end): the end of the entry that translates `addr`, or of the range; 0 stands for 2^64. */
export function addr_end(t: Translation, name: LevelName, addr: number, end: number): number {
  const depth = t.name.indexOf(name);
  if (depth < 0) return end;
  const boundary = nextEntry(t, depth, addr);
  return boundary - 1 < end - 1 ? boundary : end;
}

export const pgd_addr_end = (c: Config, addr: number, end: number): number => addr_end(c.t, 'PGD', addr, end);
export const p4d_addr_end = (c: Config, addr: number, end: number): number => addr_end(c.t, 'P4D', addr, end);
export const pud_addr_end = (c: Config, addr: number, end: number): number => addr_end(c.t, 'PUD', addr, end);
export const pmd_addr_end = (c: Config, addr: number, end: number): number => addr_end(c.t, 'PMD', addr, end);
