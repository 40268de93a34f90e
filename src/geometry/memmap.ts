/**
 * Sections, buddy and huge pages by architecture and page size: SECTION_SIZE_BITS and MAX_PHYSMEM_BITS of asm/sparsemem.h,
 * FORCE_MAX_ZONEORDER (v6.1: ARCH_FORCE_MAX_ORDER) of arch/…/Kconfig.
 */
export interface MemmapGeometry {
  readonly section_size_bits: number;
  readonly max_physmem_bits: number;
  /** Exclusive. */
  readonly max_order: number;
  /** The page size divided by the 16 bytes of struct mem_section. */
  readonly sections_per_root: number;
  readonly subsection_bits: number;
  readonly huge_page_sizes: readonly number[];
  /** The addresses of struct pages, as the kernel prints them. */
  readonly linear_map: bigint;
  readonly vmemmap: bigint;
}

const K = 2 ** 10;
const M = 2 ** 20;
const G = 2 ** 30;

const PPC64 = { linear_map: 0xc000000000000000n, vmemmap: 0xf000000000000000n, subsection_bits: 21 };
const X86_64 = { linear_map: 0xffff888000000000n, vmemmap: 0xffffea0000000000n, subsection_bits: 21 };
/** It has no VMEMMAP. */
const I386 = { linear_map: 0xc0000000n, vmemmap: 0n, subsection_bits: 21 };
const ARM64 = { linear_map: 0xffff000000000000n, vmemmap: 0xfffffc0000000000n, subsection_bits: 21 };

/** Null for a page size that the architecture does not have. "tiny" has sections of two pages, like no real kernel. */
export function memmapGeometry(arch: string, pageSize: number, small: boolean): MemmapGeometry | null {
  const sectionsPerRoot = pageSize / 16;
  const ppc64 = { ...PPC64, section_size_bits: 24, max_physmem_bits: 44, sections_per_root: sectionsPerRoot };
  const arm64 = { ...ARM64, max_physmem_bits: 48, sections_per_root: sectionsPerRoot };
  switch (`${arch} ${pageSize}`) {
    case 'ppc64 4096':
      return { ...ppc64, max_order: 13, huge_page_sizes: [64 * K, 16 * M, 16 * G] };
    case 'ppc64 65536':
      return { ...ppc64, max_order: 9, huge_page_sizes: [16 * M, 16 * G] };
    case 'x86_64 4096':
      return {
        ...X86_64,
        section_size_bits: 27,
        max_physmem_bits: 46,
        sections_per_root: sectionsPerRoot,
        max_order: 11,
        huge_page_sizes: [2 * M, G],
      };
    // without PAE
    case 'i386 4096':
      return {
        ...I386,
        section_size_bits: 26,
        max_physmem_bits: 32,
        sections_per_root: 64,
        max_order: 11,
        huge_page_sizes: [4 * M],
      };
    case 'arm64 4096':
      return {
        ...arm64,
        section_size_bits: small ? 27 : 30,
        max_order: 11,
        huge_page_sizes: [64 * K, 2 * M, 32 * M, G],
      };
    case 'arm64 16384':
      return {
        ...arm64,
        section_size_bits: small ? 27 : 30,
        max_order: 12,
        huge_page_sizes: [2 * M, 32 * M, G],
      };
    case 'arm64 65536':
      return {
        ...arm64,
        section_size_bits: small ? 29 : 30,
        max_order: 14,
        huge_page_sizes: [2 * M, 512 * M, 16 * G],
      };
    case 'tiny 4096':
      return {
        ...PPC64,
        subsection_bits: 12,
        section_size_bits: 13,
        max_physmem_bits: 20,
        sections_per_root: 2,
        max_order: 2,
        huge_page_sizes: [8 * K, 16 * K],
      };
    default:
      return null;
  }
}

/** The orders of the processor's huge pages, starting with a PMD's. */
export function hugePageOrders(arch: string, pageSize: number): readonly number[] {
  const pmdOrder = Math.log2(pageSize) - 3;
  const orders = (memmapGeometry(arch, pageSize, false)?.huge_page_sizes ?? []).map((size) =>
    Math.log2(size / pageSize),
  );
  return [pmdOrder, ...orders.filter((order) => order !== pmdOrder)];
}
