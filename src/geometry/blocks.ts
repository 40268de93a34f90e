import { depth_of, hardware_level, type LevelName, type Translation } from './translation.ts';

/**
 * By depth: log2 of the bytes of the block that the kernel maps with one entry of that level, or null where it maps none:
 * init_pmd() and alloc_init_pud() in arch/arm64/mm/mmu.c. A folded level's blocks stand in the root: with 4K and 39 bits
 * it holds 1G blocks, with 16K and 36 bits 32M blocks.
 */
export const block_shifts = (t: Translation): readonly (number | null)[] =>
  t.shift.map((shift, depth) => (has_blocks(t, depth) ? shift : null));

function has_blocks(t: Translation, depth: number): boolean {
  const level = hardware_level(t, depth);
  // 4T (64K) and 64G (16K) blocks are left to the hardware: pud_sect_supported() is PAGE_SIZE == SZ_4K
  return level === 2 || (level === 1 && t.page_shift === 12);
}

/** Entries of level 3 and 2 that one contiguous hint spans, by PAGE_SHIFT. */
const CONT: Readonly<Record<number, { readonly CONT_PTES: number; readonly CONT_PMDS: number }>> = {
  12: { CONT_PTES: 16, CONT_PMDS: 16 },
  14: { CONT_PTES: 128, CONT_PMDS: 32 },
  16: { CONT_PTES: 32, CONT_PMDS: 32 },
};

/**
 * Entries of a level that the kernel maps under one contiguous hint: CONT_PTES, CONT_PMDS; 1 where it never sets the hint.
 * With two levels that includes PMDs: __create_pgd_mapping() maps one root entry at a time (pgd_addr_end()), and a group
 * is longer than that.
 * x86-64 has no such hint.
 */
export function cont_entries(t: Translation, depth: number): number {
  if (t.arch !== 'arm64') return 1;
  const { CONT_PTES, CONT_PMDS } = CONT[t.page_shift]!;
  if (t.name[depth] === 'PTE') return CONT_PTES;
  return t.name[depth] === 'PMD' ? CONT_PMDS : 1;
}

/** Bytes under one contiguous hint: CONT_PTE_SIZE, CONT_PMD_SIZE; the size of one entry where there is none. */
export const cont_size = (t: Translation, depth: number): number =>
  cont_entries(t, depth) * 2 ** t.shift[depth]!;

/** Whether a level has no tables of its own: its entries are those of the next level towards the root. */
export const is_folded = (t: Translation, name: LevelName): boolean => !t.name.includes(name);

/**
 * arm64 with 64K pages or fewer than three levels: pud_sect() is the constant 0 and pud_table() the constant 1
 * (asm/pgtable.h), so that whatever stands there is followed as a table.
 */
export const pud_sect_is_constant = (t: Translation): boolean =>
  t.arch === 'arm64' && (t.page_shift === 16 || t.levels < 3);

/**
 * Whether the kernel has code that frees a table of this level: it is not the root (CONFIG_PGTABLE_LEVELS in
 * free_empty_pmd_table() and free_empty_pud_table(), arch/arm64/mm/mmu.c).
 */
export const table_can_be_freed = (t: Translation, name: LevelName): boolean =>
  !is_folded(t, name) && depth_of(t, name) > 0;
