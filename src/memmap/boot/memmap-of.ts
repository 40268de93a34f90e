import type { Model } from '../../boot/boot.ts';
import { memmapGeometry } from '../../geometry/memmap.ts';
import { MEMBLOCK_NOMAP } from '../../kernel/mm/memblock/memblock.ts';
import {
  MEMMAP,
  NO_PAGE,
  type Page,
  PageReserved,
  page_memmap,
  page_use,
  USE,
} from '../../kernel/mm/page.ts';
import { releases } from '../../releases/index.ts';
import type { MemConfig } from '../kernel/config.ts';
import { SIZEOF_STRUCT_PAGE, WINDOW } from '../kernel/config.ts';
import { COUNT_SHIFT, empty_memmap, type mem_section, PG_initialised, PG_reserved } from '../kernel/world.ts';
import { type MemRelease, makeMemKernel, memReleases } from '../releases/mem-releases.ts';
import type { MemModel } from './memmap-boot.ts';

/** The release itself, or the nearest release on which it is based. */
function memRelease(name: string): MemRelease {
  for (let at: string | null = name; at !== null; at = releases.get(at)?.base ?? null) {
    const found = memReleases.get(at);
    if (found) return found;
  }
  throw new Error(`release ${name} has no base among those of struct pages`);
}

/** The flags and count of a page according to the hotplug kernel: a free page has no reference. */
function wordOf(page: Page): number {
  const initialised = page_memmap(page) === MEMMAP.INIT ? PG_initialised : 0;
  const reserved = PageReserved(page) ? PG_reserved : 0;
  return initialised | reserved | (page_use(page) === USE.FREE ? 0 : 1 << COUNT_SHIFT);
}

/** The numbers of the bits that are set, 32 bits per word. */
function* bits(words: readonly number[]): Generator<number> {
  for (const [i, word] of words.entries())
    for (let bit = 0; bit < 32; bit++) if ((word >>> bit) & 1) yield i * 32 + bit;
}

/**
 * The struct pages of a hotplug kernel as addresses, with SPARSEMEM_VMEMMAP like all its machines: for operations that
 * make, clear, copy or split huge pages. A snapshot: changes do not go back to the kernel.
 */
export function memmapOf({ kernel, state }: Model): MemModel {
  const { c: from } = kernel;
  const release = memRelease(kernel.release);
  const g = memmapGeometry(from.arch, from.PAGE_SIZE, release.arm64_small_sections)!;
  const c: MemConfig = {
    arch: from.arch,
    memory_model: 'SPARSEMEM_VMEMMAP',
    PAGE_SHIFT: from.PAGE_SHIFT,
    PAGE_SIZE: from.PAGE_SIZE,
    MAX_PHYSMEM_BITS: from.MAX_PHYSMEM_BITS,
    PAGES_PER_SECTION: from.PAGES_PER_SECTION,
    NR_MEM_SECTIONS: 2 ** from.MAX_PHYSMEM_BITS / from.SECTION_SIZE,
    SECTIONS_PER_ROOT: g.sections_per_root,
    PAGES_PER_SUBSECTION: from.PAGES_PER_SUBSECTION,
    MAX_ORDER: from.MAX_ORDER,
    MAX_ORDER_NR_PAGES: 2 ** (from.MAX_ORDER - 1),
    ARCH_PFN_OFFSET: 0,
    max_mapnr: state.vars.get(0)!.max_pfn,
    huge_page_sizes: g.huge_page_sizes,
    window: g.vmemmap,
    linear_map: g.linear_map,
    DEBUG_VM: from.DEBUG_VM,
    run_limit: Number.POSITIVE_INFINITY,
  };
  const world = empty_memmap(null);
  for (const { start, end, value } of state.pages.in(0, Number.MAX_SAFE_INTEGER)) {
    if (value === NO_PAGE) continue;
    world.places.set(WINDOW + start * SIZEOF_STRUCT_PAGE, WINDOW + end * SIZEOF_STRUCT_PAGE, WINDOW);
    world.pages.set(start, end, wordOf(value));
    world.ram.set(start, end, true);
  }
  for (const [nr, { section_mem_map, subsection_map, nid }] of state.mem_section) {
    const usage = subsection_map && new Set(bits(subsection_map));
    const ms: mem_section = {
      section_mem_map: WINDOW,
      flags: section_mem_map,
      usage,
      usage_reserved: false,
      nid,
    };
    world.mem_section.set(nr, ms);
  }
  world.memblock = state.memblock_type.get(0)!.regions.map(({ base, size, flags }) => ({
    start: base / c.PAGE_SIZE,
    end: (base + size) / c.PAGE_SIZE,
    nomap: (flags & MEMBLOCK_NOMAP) !== 0,
  }));
  return { kernel: makeMemKernel(release, c), world, messages: [] };
}
