import type { Steps } from '../../steps/step.ts';

/**
 * How a kernel finds the struct page of a pfn, and which parts of its memmap are contiguous
 * (asm-generic/memory_model.h).
 */
export type MemoryModel =
  | 'FLATMEM'
  | 'DISCONTIGMEM'
  | 'SPARSEMEM_STATIC'
  | 'SPARSEMEM_EXTREME'
  | 'SPARSEMEM_VMEMMAP';

export const MEMORY_MODELS: readonly MemoryModel[] = [
  'FLATMEM',
  'DISCONTIGMEM',
  'SPARSEMEM_STATIC',
  'SPARSEMEM_EXTREME',
  'SPARSEMEM_VMEMMAP',
];

/** Whether sections have separate memmaps: SPARSEMEM without VMEMMAP. */
export const is_classic = (model: MemoryModel): boolean =>
  model === 'SPARSEMEM_STATIC' || model === 'SPARSEMEM_EXTREME';

export const is_sparse = (model: MemoryModel): boolean => is_classic(model) || model === 'SPARSEMEM_VMEMMAP';

/** The configuration fixed at boot: geometry and the memory model. */
export interface MemConfig {
  readonly arch: string;
  readonly memory_model: MemoryModel;
  readonly PAGE_SHIFT: number;
  readonly PAGE_SIZE: number;
  readonly MAX_PHYSMEM_BITS: number;
  readonly PAGES_PER_SECTION: number;
  readonly NR_MEM_SECTIONS: number;
  /** The number of entries in one root; all entries if the roots are static. */
  readonly SECTIONS_PER_ROOT: number;
  readonly PAGES_PER_SUBSECTION: number;
  /** Exclusive maximum of a buddy order. */
  readonly MAX_ORDER: number;
  readonly MAX_ORDER_NR_PAGES: number;
  readonly ARCH_PFN_OFFSET: number;
  /** Pages from ARCH_PFN_OFFSET to the end of memory. */
  readonly max_mapnr: number;
  /** The processor's huge page sizes, ascending, in bytes. */
  readonly huge_page_sizes: readonly number[];
  /** The first address of the memmap window, and of the linear map, as the kernel prints them. */
  readonly window: bigint;
  readonly linear_map: bigint;
  /** Whether CONFIG_DEBUG_VM assertions are on. */
  readonly DEBUG_VM: boolean;
  /** The most struct pages that one step may touch if they are equal. */
  readonly run_limit: number;
}

export const SIZEOF_STRUCT_PAGE = 64;

/**
 * A struct page pointer is a safe integer. The window for memmaps begins here; a much smaller number is an address near
 * NULL, unchanged.
 */
export const WINDOW = 2 ** 51;

/** The addresses of the linear map outside memmaps. */
export const LINEAR = 2 ** 52;

/** %p of a pointer. */
export function pointer_text(c: MemConfig, p: number): string {
  const value = p < WINDOW / 2 ? BigInt.asUintN(64, BigInt(p)) : c.window + BigInt(p - WINDOW);
  return value.toString(16).padStart(16, '0');
}

/** __va() of a page of memory, as text: an invalid pfn gives an invalid address. */
export const linear_text = (c: MemConfig, pfn: number): string =>
  BigInt.asUintN(64, c.linear_map + BigInt(pfn) * BigInt(c.PAGE_SIZE))
    .toString(16)
    .padStart(16, '0');

/** What an access to an unmapped address prints, before the address. */
function fault_message({ arch }: MemConfig): string {
  if (arch === 'arm64') return 'Unable to handle kernel paging request at virtual address';
  if (arch === 'x86_64' || arch === 'i386') return 'BUG: unable to handle kernel paging request at';
  return 'Unable to handle kernel paging request for data at address';
}

/** The address as the architecture prints it: arm64 and x86 without 0x. */
const printed = ({ arch }: MemConfig, address: string): string =>
  arch === 'arm64' || arch === 'x86_64' || arch === 'i386' ? address : `0x${address}`;

export const NULL_TEXT = '0000000000000000';

/** An access to an unmapped address: the thread ends here. */
export function* oops(c: MemConfig, where: string, address: string): Steps<never> {
  const message = fault_message(c);
  const text = `${message} ${printed(c, address)}`;
  yield { op: 'bug', where, text, about: { message, va: Number(BigInt.asIntN(64, BigInt(`0x${address}`))) } };
  throw new Error(`resumed after an oops in ${where}`);
}

export const page_add = (page: number, n: number): number => page + n * SIZEOF_STRUCT_PAGE;

/**
 * The number of pages from index i of `nr` to the next multiple of MAX_ORDER_NR_PAGES, where an iterator looks the
 * pointer up again.
 */
export const stride = (c: MemConfig, i: number, nr: number): number =>
  Math.min(nr - i, c.MAX_ORDER_NR_PAGES - (i % c.MAX_ORDER_NR_PAGES), c.run_limit);

export const pfn_to_section_nr = (c: MemConfig, pfn: number): number => Math.floor(pfn / c.PAGES_PER_SECTION);
export const SECTION_NR_TO_ROOT = (c: MemConfig, nr: number): number => Math.floor(nr / c.SECTIONS_PER_ROOT);
