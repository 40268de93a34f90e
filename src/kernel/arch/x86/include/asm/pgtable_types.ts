import { type Descriptor, VALID } from '../../../../../hardware/descriptor/descriptor.ts';
import { x86Address } from '../../../../../hardware/descriptor/format.ts';
import type { Pgprot } from '../../../../config.ts';
import type { Pgtable } from '../../../../include/asm-generic/pgtable.ts';

/**
 * arch/x86/include/asm/pgtable_types.h: the bits of an entry, and its meaning. Bits 63:52 stand as in
 * `Descriptor.attr`, which also holds address bits 51:48.
 */

export const _PAGE_PRESENT = VALID;
export const _PAGE_RW = 1 << 1;
export const _PAGE_USER = 1 << 2;
export const _PAGE_PWT = 1 << 3;
export const _PAGE_PCD = 1 << 4;
export const _PAGE_ACCESSED = 1 << 5;
export const _PAGE_DIRTY = 1 << 6;
export const _PAGE_PSE = 1 << 7;
export const _PAGE_GLOBAL = 1 << 8;
export const _PAGE_NX = 1 << 27;

/** Address bits 51:48 among the attributes. */
const ADDRESS = 15 << 12;

export const _KERNPG_TABLE = _PAGE_PRESENT | _PAGE_RW | _PAGE_ACCESSED | _PAGE_DIRTY;
/** An entry for a table that is linked by pmd_populate_kernel() and the like; split_large_page() leaves the user bit out. */
export const _PAGE_TABLE = _KERNPG_TABLE | _PAGE_USER;

/** PAGE_KERNEL and what else x86 maps with it. Page table isolation leaves the kernel's mappings non-global. */
export function kernel_pgprot(pti: boolean): Pgprot {
  const page = _KERNPG_TABLE | _PAGE_NX | (pti ? 0 : _PAGE_GLOBAL);
  return {
    PAGE_KERNEL: page,
    PROT_SECT_NORMAL: page | _PAGE_PSE,
    MHP: page,
    TABLE: _PAGE_TABLE,
    TABLE_NOEXEC: 0,
    MT_NORMAL: 0,
    MT_NORMAL_TAGGED: -1,
  };
}

const is_leaf = (d: Descriptor): boolean =>
  (d.attr & (_PAGE_PRESENT | _PAGE_PSE)) === (_PAGE_PRESENT | _PAGE_PSE);

const entry = (phys: number, attr: number): Descriptor => ({
  addr: phys % 2 ** 48,
  attr: attr | (Math.floor(phys / 2 ** 48) << 12),
});

/** The bits of an entry without the address. */
export const attributes = (d: Descriptor): number => d.attr & ~ADDRESS;

export const pgtable: Pgtable = {
  /** PROT_NONE and NUMA hints do not exist in the kernel's half. */
  present: (d) => (d.attr & _PAGE_PRESENT) !== 0,
  bad: (d) => (attributes(d) & ~(_PAGE_USER | _PAGE_NX)) !== _KERNPG_TABLE,
  pud_leaf: (_t, d) => is_leaf(d),
  pmd_leaf: (_t, d) => is_leaf(d),
  leaf_entry: (_c, phys, prot) => entry(phys, prot),
  table_entry: (_c, phys, attr) => entry(phys, attr),
  leaf_address: (_c, d) => x86Address(d),
  table_page: (_c, d) => x86Address(d),
};
