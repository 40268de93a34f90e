import { depthOf, hardwareLevel, type LevelName, type Translation } from './translation.ts';

/**
 * By depth: log2 of the size of a block that the kernel maps with one entry of that level, or null if it maps none:
 * init_pmd() and alloc_init_pud() in arch/arm64/mm/mmu.c. The blocks of a folded level are in the root: with 4K and 39
 * bits it holds 1G blocks, with 16K and 36 bits 32M blocks.
 */
export const blockShifts = (t: Translation): readonly (number | null)[] =>
  t.shift.map((shift, depth) => (hasBlocks(t, depth) ? shift : null));

function hasBlocks(t: Translation, depth: number): boolean {
  const level = hardwareLevel(t, depth);
  // the kernel never uses 4T (64K) and 64G (16K) blocks: pud_sect_supported() is PAGE_SIZE == SZ_4K
  return level === 2 || (level === 1 && t.page_shift === 12);
}

/** The entries of level 3 and 2 under one contiguous hint, by PAGE_SHIFT. */
const CONT: Readonly<Record<number, { readonly CONT_PTES: number; readonly CONT_PMDS: number }>> = {
  12: { CONT_PTES: 16, CONT_PMDS: 16 },
  14: { CONT_PTES: 128, CONT_PMDS: 32 },
  16: { CONT_PTES: 32, CONT_PMDS: 32 },
};

/**
 * The entries of a level that the kernel maps under one contiguous hint: CONT_PTES, CONT_PMDS; 1 if it never sets the
 * hint. With two levels that includes PMDs: __create_pgd_mapping() maps one root entry at a time (pgd_addr_end()), and
 * a group is longer than that. x86-64 has no such hint.
 */
export function contEntries(t: Translation, depth: number): number {
  if (t.arch !== 'arm64') return 1;
  const { CONT_PTES, CONT_PMDS } = CONT[t.page_shift]!;
  if (t.name[depth] === 'PTE') return CONT_PTES;
  return t.name[depth] === 'PMD' ? CONT_PMDS : 1;
}

/** The bytes under one contiguous hint: CONT_PTE_SIZE, CONT_PMD_SIZE; the size of one entry if there is no hint. */
export const contSize = (t: Translation, depth: number): number =>
  contEntries(t, depth) * 2 ** t.shift[depth]!;

/** Whether a level has no tables of its own: its entries are those of the next level towards the root. */
export const isFolded = (t: Translation, name: LevelName): boolean => !t.name.includes(name);

/**
 * arm64 with 64K pages or fewer than three levels: pud_sect() is the constant 0 and pud_table() the constant 1
 * (asm/pgtable.h), so the kernel follows any entry as a table.
 */
export const pudSectIsConstant = (t: Translation): boolean =>
  t.arch === 'arm64' && (t.page_shift === 16 || t.levels < 3);

/**
 * Whether the kernel has code that frees a table of this level: it is not the root (CONFIG_PGTABLE_LEVELS in
 * free_empty_pmd_table() and free_empty_pud_table(), arch/arm64/mm/mmu.c).
 */
export const tableCanBeFreed = (t: Translation, name: LevelName): boolean =>
  !isFolded(t, name) && depthOf(t, name) > 0;
