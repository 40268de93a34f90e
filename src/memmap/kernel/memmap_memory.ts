import { is_classic, type MemConfig, pfn_to_section_nr, SIZEOF_STRUCT_PAGE, WINDOW } from './config.ts';
import type { Memmap } from './world.ts';
import { operation } from './world.ts';

/** Allocation and freeing of the memory for struct pages. */

/** The next free place for a memmap; with VMEMMAP its fixed place. */
export const place_memmap = operation({
  name: 'place_memmap',
  writes: true,
  run(world: Memmap, c: MemConfig, pfn: number, nr_pages: number): number {
    const size = nr_pages * SIZEOF_STRUCT_PAGE;
    if (!is_classic(c.memory_model)) {
      const delta = WINDOW;
      const [start, end] = vmemmap_pages(c, pfn, nr_pages);
      world.places.set(start, end, delta);
      return delta + pfn * SIZEOF_STRUCT_PAGE;
    }
    const at = world.cursor;
    world.cursor += size;
    world.maps.set(at, size);
    world.places.set(at, at + size, at - pfn * SIZEOF_STRUCT_PAGE);
    return at;
  },
});

/** The whole pages of vmemmap that hold the struct pages of a range. */
function vmemmap_pages(c: MemConfig, pfn: number, nr_pages: number): readonly [number, number] {
  const start = pfn * SIZEOF_STRUCT_PAGE;
  const end = start + nr_pages * SIZEOF_STRUCT_PAGE;
  const page = Math.min(c.PAGE_SIZE, c.PAGES_PER_SECTION * SIZEOF_STRUCT_PAGE);
  return [WINDOW + Math.floor(start / page) * page, WINDOW + Math.ceil(end / page) * page];
}

export const virt_addr_valid = operation({
  name: 'virt_addr_valid',
  writes: false,
  run: (world: Memmap, addr: number): boolean => addr >= WINDOW / 2 && world.places.get(addr) !== null,
});

/** A freed memmap stays mapped: its memory may be used for anything. */
export const release_memmap = operation({
  name: 'release_memmap',
  writes: true,
  run(world: Memmap, addr: number): void {
    const size = world.maps.get(addr);
    if (size === undefined) return;
    world.places.set(addr, addr + size, 'freed memory (once a memmap)');
    world.maps.delete(addr);
  },
});

/** Unmaps a vmemmap page once no active sub-section has struct pages in it. */
export const unmap_vmemmap = operation({
  name: 'unmap_vmemmap',
  writes: true,
  run(world: Memmap, c: MemConfig, pfn: number, nr_pages: number): void {
    const [start, end] = vmemmap_pages(c, pfn, nr_pages);
    const page = Math.min(c.PAGE_SIZE, c.PAGES_PER_SECTION * SIZEOF_STRUCT_PAGE);
    for (let at = start; at < end; at += page) {
      const first = (at - WINDOW) / SIZEOF_STRUCT_PAGE;
      if (!active(world, c, first, first + page / SIZEOF_STRUCT_PAGE)) world.places.set(at, at + page, null);
    }
  },
});

const active = (world: Memmap, c: MemConfig, first: number, last: number): boolean => {
  for (let pfn = first; pfn < last; pfn += c.PAGES_PER_SUBSECTION) {
    const ms = world.mem_section.get(pfn_to_section_nr(c, pfn));
    const bit = Math.floor((pfn % c.PAGES_PER_SECTION) / c.PAGES_PER_SUBSECTION);
    if (ms?.usage?.has(bit)) return true;
  }
  return false;
};
