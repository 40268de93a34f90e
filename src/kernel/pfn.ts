import { type Config, SIZEOF_STRUCT_PAGE } from './config.ts';

/** The kernel's address arithmetic; every result is a safe integer. */

export const PFN_PHYS = (c: Config, pfn: number): number => pfn * c.PAGE_SIZE;
export const PFN_DOWN = (c: Config, phys: number): number => Math.floor(phys / c.PAGE_SIZE);
export const PFN_UP = (c: Config, phys: number): number => Math.ceil(phys / c.PAGE_SIZE);

export const pfn_to_section_nr = (c: Config, pfn: number): number => Math.floor(pfn / c.PAGES_PER_SECTION);
export const section_nr_to_pfn = (c: Config, nr: number): number => nr * c.PAGES_PER_SECTION;
export const SECTION_NR_TO_ROOT = (c: Config, nr: number): number => Math.floor(nr / c.SECTIONS_PER_ROOT);
export const NR_MEM_SECTIONS = (c: Config): number => 2 ** c.MAX_PHYSMEM_BITS / c.SECTION_SIZE;
export const NR_SECTION_ROOTS = (c: Config): number => Math.ceil(NR_MEM_SECTIONS(c) / c.SECTIONS_PER_ROOT);
/** First pfn after the section that holds `pfn`. */
export const section_end_pfn = (c: Config, pfn: number): number =>
  (pfn_to_section_nr(c, pfn) + 1) * c.PAGES_PER_SECTION;

export const memory_block_id = (c: Config, section_nr: number): number =>
  Math.floor(section_nr / c.sections_per_block);
export const pfn_to_block_id = (c: Config, pfn: number): number =>
  memory_block_id(c, pfn_to_section_nr(c, pfn));
export const pages_per_block = (c: Config): number => c.PAGES_PER_SECTION * c.sections_per_block;

export const IS_ALIGNED = (n: number, alignment: number): boolean => n % alignment === 0;

/** %#x of a non-negative safe integer; the kernel prints 0x before a zero as well. */
export const hex = (n: number): string => `0x${n.toString(16)}`;
/** %0*x */
export const hexpad = (n: number, digits: number): string => n.toString(16).padStart(digits, '0');
/** %pa: 0x and sixteen digits. */
export const pa = (n: number): string => `0x${hexpad(n, 16)}`;

/** Ids of the memory blocks that a range of bytes touches, ascending; the blocks need not exist. */
export function* block_ids(c: Config, start: number, size: number): Generator<number> {
  if (size === 0) return;
  const last = Math.floor((start + size - 1) / c.memory_block_size_bytes);
  for (let id = Math.floor(start / c.memory_block_size_bytes); id <= last; id++) yield id;
}
/** %pR of a memory resource. */
export const mem_range = (start: number, size: number): string =>
  `[mem 0x${hexpad(start, 8)}-0x${hexpad(start + size - 1, 8)}]`;

/** Linear alias of a physical address. */
export const phys_to_virt = (c: Config, phys: number): number =>
  c.PAGE_OFFSET + (phys - c.mappable_range.start);

/** The address of the struct page of a pfn: the array begins with the first page that the linear map can map. */
export const vmemmap_of = (c: Config, pfn: number): number =>
  c.VMEMMAP_START + (pfn - c.mappable_range.start / c.PAGE_SIZE) * SIZEOF_STRUCT_PAGE;
