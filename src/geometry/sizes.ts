/**
 * Sizes that follow from architecture and page size alone: arch/…/Kconfig, asm/pgtable-hwdef.h, asm/sparsemem.h. All in
 * bytes unless named pages.
 */

export type Arch = 'arm64' | 'x86_64';

export const PAGE_SIZES: Readonly<Record<Arch, readonly number[]>> = {
  arm64: [4096, 16384, 65536],
  x86_64: [4096],
};

/** arm64 VA_BITS selectable with a page size; x86-64: 48 (4-level) and 57 (5-level). */
export const VA_BITS: Readonly<Record<Arch, Readonly<Record<number, readonly number[]>>>> = {
  arm64: { 4096: [39, 48, 52], 16384: [36, 47, 48, 52], 65536: [42, 48, 52] },
  x86_64: { 4096: [48, 57] },
};

/** log2 of the pages under one PMD entry: also the pageblock order with HUGETLB on. */
export const pmd_order = (page_size: number): number => Math.log2(page_size) - 3;

export const pmd_size = (page_size: number): number => page_size * 2 ** pmd_order(page_size);

/** Exclusive maximum of a buddy order, as v5.2..v6.3 count it: largest block 4M, 32M, 512M. */
export const max_order = (page_size: number): number => ({ 4096: 11, 16384: 12, 65536: 14 })[page_size] ?? 11;

/** Highest physical address + 1 that sparsemem can hold, as a power of two. */
export function max_physmem_bits(arch: Arch, page_size: number, va_bits: number): number {
  if (arch === 'x86_64') return va_bits > 48 ? 52 : 46;
  return va_bits === 52 ? 52 : page_size === 65536 ? 52 : 48;
}

/** Whether a kernel without LPA2 (before v6.9) can be built so: 52 bits then need 64K pages. */
export const without_lpa2 = (page_size: number, va_bits: number): boolean =>
  va_bits < 52 || page_size === 65536;

/** Largest memory block: MAX_BLOCK_SIZE_ORDER on x86-64 when set explicitly; on arm64 a block is a section. */
export const MAX_X86_BLOCK_SIZE = 64 * 2 ** 30;

/** What memstart_addr is rounded down to: ARM64_MEMSTART_ALIGN (asm/kernel-pgtable.h, in 6.12 mm/init.c). */
export function memstart_align(page_size: number, section_size: number): number {
  const by_granule = page_size === 65536 ? 2 ** 29 : 2 ** 30;
  return Math.max(section_size, by_granule);
}
