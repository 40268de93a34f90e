import { type Config, SIZEOF_STRUCT_PAGE } from '../../config.ts';
import type { Kernel, vmem_altmap } from '../../kernel.ts';

/** mm/sparse-vmemmap.c: how many pages of struct pages /proc/vmstat counts for a range. */

/** Pages of memmap that a compound page of device-dax has of its own. */
export const VMEMMAP_RESERVE_NR = 2;

/** Pages that hold so many struct pages. */
export const whole_memmap = (c: Config, nr_pages: number): number =>
  Math.ceil((nr_pages * SIZEOF_STRUCT_PAGE) / c.PAGE_SIZE);

/**
 * Whether the tails of a compound page of device-dax share memmap: on x86-64 alone. arm64 selects neither
 * ARCH_WANT_HUGETLB_PAGE_OPTIMIZE_VMEMMAP (6.1.192) nor ARCH_WANT_OPTIMIZE_DAX_VMEMMAP (6.12.117, 7.2.13).
 */
export const vmemmap_can_optimize = (c: Config, altmap: vmem_altmap | null, vmemmap_shift: number): boolean =>
  c.arch === 'x86_64' && !altmap && whole_memmap(c, 2 ** vmemmap_shift) > VMEMMAP_RESERVE_NR;

/** v7.2, and 6.12.101 before it. */
export const v7_2 = {
  section_nr_vmemmap_pages(
    this: Kernel,
    pfn: number,
    nr_pages: number,
    altmap: vmem_altmap | null,
    pgmap: { readonly vmemmap_shift: number } | null,
  ): number {
    const shift = pgmap?.vmemmap_shift ?? 0;
    const pages_per_compound = 2 ** shift;
    if (!vmemmap_can_optimize(this.c, altmap, shift)) return whole_memmap(this.c, nr_pages);
    if (pages_per_compound < this.c.PAGES_PER_SECTION)
      return (VMEMMAP_RESERVE_NR * nr_pages) / pages_per_compound;
    return pfn % pages_per_compound === 0 ? VMEMMAP_RESERVE_NR : 0;
  },
};
