/**
 * Sizes that depend only on architecture and page size: arch/…/Kconfig, asm/pgtable-hwdef.h, asm/sparsemem.h. All in
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
export const pmdOrder = (pageSize: number): number => Math.log2(pageSize) - 3;

export const pmdSize = (pageSize: number): number => pageSize * 2 ** pmdOrder(pageSize);

/** Exclusive maximum of a buddy order, as counted by v5.2..v6.3: largest block 4M, 32M, 512M. */
export const maxOrder = (pageSize: number): number => ({ 4096: 11, 16384: 12, 65536: 14 })[pageSize] ?? 11;

/** Highest physical address + 1 that sparsemem can hold, as a power of two. */
export function maxPhysmemBits(arch: Arch, pageSize: number, vaBits: number): number {
  if (arch === 'x86_64') return vaBits > 48 ? 52 : 46;
  return vaBits === 52 ? 52 : pageSize === 65536 ? 52 : 48;
}

/** Whether a kernel without LPA2 (before v6.9) can be built with this pair: 52 bits then need 64K pages. */
export const withoutLpa2 = (pageSize: number, vaBits: number): boolean => vaBits < 52 || pageSize === 65536;

/** Largest memory block: MAX_BLOCK_SIZE_ORDER on x86-64 when set explicitly; on arm64 a block is a section. */
export const MAX_X86_BLOCK_SIZE = 64 * 2 ** 30;

/**
 * The alignment to which memstart_addr is rounded down: ARM64_MEMSTART_ALIGN (asm/kernel-pgtable.h, in 6.12 mm/init.c).
 */
export function memstartAlign(pageSize: number, sectionSize: number): number {
  const byGranule = pageSize === 65536 ? 2 ** 29 : 2 ** 30;
  return Math.max(sectionSize, byGranule);
}
