import {
  SECTION_HAS_MEM_MAP,
  SECTION_IS_EARLY,
  SECTION_IS_ONLINE,
  SECTION_MARKED_PRESENT,
} from '../../kernel/state.ts';
import type { Steps } from '../../steps/step.ts';
import {
  is_classic,
  LINEAR,
  type MemConfig,
  pfn_to_section_nr,
  SECTION_NR_TO_ROOT,
  SIZEOF_STRUCT_PAGE,
} from './config.ts';
import type { MemKernel } from './functions.ts';
import { place_memmap, release_memmap, unmap_vmemmap, virt_addr_valid } from './memmap_memory.ts';
import { change, look, type Memmap, type mem_section, operation } from './world.ts';

/** mm/sparse.c if the memmap of a section is an object of its own (B50 to B57). */

const NONE: mem_section = { section_mem_map: 0, flags: 0, usage: null, usage_reserved: false, nid: 0 };

const read_section = operation({
  name: 'read_section',
  writes: false,
  run: (world: Memmap, nr: number): mem_section => world.mem_section.get(nr) ?? NONE,
});

const write_section = operation({
  name: 'write_section',
  writes: true,
  run: (world: Memmap, nr: number, fields: Partial<mem_section>): void => {
    world.mem_section.set(nr, { ...read_section.run(world, nr), ...fields });
  },
});

const init_root = operation({
  name: 'init_root',
  writes: true,
  run: (world: Memmap, c: MemConfig, nr: number): void => {
    world.roots.add(SECTION_NR_TO_ROOT(c, nr));
  },
});

const has_bootmem = operation({
  name: 'has_bootmem',
  writes: false,
  run: (world: Memmap, nr: number): boolean => world.bootmem?.memmap.has(nr) ?? false,
});

export const section_of = (nr: number): Steps<mem_section> => look(read_section, nr);
export const set_section = (nr: number, fields: Partial<mem_section>): Steps<void> =>
  change(write_section, nr, fields);

/** The sub-sections of a range within one section. */
export function subsections(c: MemConfig, pfn: number, nr_pages: number): readonly number[] {
  const first = Math.floor((pfn % c.PAGES_PER_SECTION) / c.PAGES_PER_SUBSECTION);
  const last = Math.floor(((pfn + nr_pages - 1) % c.PAGES_PER_SECTION) / c.PAGES_PER_SUBSECTION);
  return Array.from({ length: nr_pages > 0 ? last - first + 1 : 0 }, (_, i) => first + i);
}

/** sparse_encode_mem_map(): the pointer to which a pfn is added. */
const encode = (c: MemConfig, map: number, nr: number): number =>
  map - nr * c.PAGES_PER_SECTION * SIZEOF_STRUCT_PAGE;

export const v2_6_27 = {
  /** mm/memory_hotplug.c: memory is not removed where VMEMMAP is on (until v3.9). */
  *__remove_section(this: MemKernel, nr: number): Steps<number> {
    if (!is_classic(this.c.memory_model)) return -this.errno.EBUSY;
    if (!((yield* section_of(nr)).flags & SECTION_HAS_MEM_MAP)) return -this.errno.EINVAL;
    yield* this.sparse_remove_one_section(nr);
    return 0;
  },

  *sparse_remove_one_section(this: MemKernel, nr: number): Steps<void> {
    const memmap = yield* decode_mem_map(this, nr);
    yield* set_section(nr, { section_mem_map: 0, flags: 0, usage: null });
    yield* change(release_memmap, memmap);
  },
};

export const v5_2 = {
  *__remove_section(this: MemKernel, nr: number): Steps<number> {
    if ((yield* section_of(nr)).flags & SECTION_HAS_MEM_MAP) yield* this.sparse_remove_one_section(nr);
    else yield { op: 'warn', where: '__remove_section', text: '' };
    return 0;
  },

  *sparse_remove_one_section(this: MemKernel, nr: number): Steps<void> {
    if (is_classic(this.c.memory_model)) return yield* v2_6_27.sparse_remove_one_section.call(this, nr);
    yield* set_section(nr, { section_mem_map: 0, flags: 0, usage: null });
    yield* change(unmap_vmemmap, this.c, nr * this.c.PAGES_PER_SECTION, this.c.PAGES_PER_SECTION);
  },
};

export const v5_3 = {
  *sparse_add_section(this: MemKernel, nid: number, pfn: number, nr_pages: number): Steps<number> {
    const nr = pfn_to_section_nr(this.c, pfn);
    yield* change(init_root, this.c, nr);
    const memmap = yield* this.section_activate(pfn, nr_pages);
    if (memmap < 0) return memmap;
    const map = yield* this.$section_start_memmap(nr, pfn, memmap);
    const { flags } = yield* section_of(nr);
    yield* set_section(nr, {
      nid,
      section_mem_map: encode(this.c, map, nr),
      flags: flags | SECTION_MARKED_PRESENT | SECTION_HAS_MEM_MAP,
    });
    return 0;
  },

  /** B56: for a part of a section, returns the address of the memory instead of its struct pages. */
  *$section_start_memmap(this: MemKernel, nr: number, pfn: number, memmap: number): Steps<number> {
    const start = nr * this.c.PAGES_PER_SECTION;
    return start === pfn ? memmap : LINEAR + start * this.c.PAGE_SIZE;
  },

  /** The address of the memmap, or a negative errno. */
  *section_activate(this: MemKernel, pfn: number, nr_pages: number): Steps<number> {
    const nr = pfn_to_section_nr(this.c, pfn);
    const { usage, flags } = yield* section_of(nr);
    const mask = subsections(this.c, pfn, nr_pages);
    if (mask.length === 0) return -this.errno.EINVAL;
    if (usage && mask.some((bit) => usage.has(bit))) return -this.errno.EEXIST;
    yield* set_section(nr, { usage: new Set([...(usage ?? []), ...mask]) });
    if (nr_pages < this.c.PAGES_PER_SECTION && flags & SECTION_IS_EARLY)
      return yield* this.__pfn_to_page(pfn);
    return yield* this.populate_section_memmap(pfn, nr_pages);
  },

  /** Allocates contiguous memory for a whole section, or the part of the vmemmap, in whole pages. */
  *populate_section_memmap(this: MemKernel, pfn: number, nr_pages: number): Steps<number> {
    return yield* change(place_memmap, this.c, pfn, nr_pages);
  },

  *depopulate_section_memmap(this: MemKernel, pfn: number, nr_pages: number): Steps<void> {
    if (!is_classic(this.c.memory_model)) return yield* this.vmemmap_free(pfn, nr_pages);
    const memmap = yield* this.__pfn_to_page(pfn);
    yield* this.free_pages(memmap);
  },

  /** free_pages() of NULL does nothing: the memmap stays allocated. */
  *free_pages(this: MemKernel, addr: number): Steps<void> {
    if (addr === 0) return;
    if (!(yield* look(virt_addr_valid, addr))) {
      yield { op: 'bug', where: 'free_pages', text: 'VM_BUG_ON(!virt_addr_valid((void *)addr))' };
    }
    yield* change(release_memmap, addr);
  },

  /** ppc64 checks for each vmemmap page whether a pfn in it still is valid (vmemmap_populated). */
  *vmemmap_free(this: MemKernel, pfn: number, nr_pages: number): Steps<void> {
    if (this.c.arch === 'ppc64') yield* this.pfn_valid(pfn);
    yield* change(unmap_vmemmap, this.c, pfn, nr_pages);
  },

  *free_map_bootmem(this: MemKernel, nr: number, memmap: number): Steps<void> {
    if (yield* look(has_bootmem, nr)) {
      yield* this.$free_bootmem_memmap(nr, memmap);
      if (is_classic(this.c.memory_model)) return;
    }
    if (is_classic(this.c.memory_model)) yield* change(release_memmap, memmap);
    else yield* this.vmemmap_free(nr * this.c.PAGES_PER_SECTION, this.c.PAGES_PER_SECTION);
  },

  /** The slab cannot free usage that boot memory allocated. */
  *$kfree_usage(this: MemKernel, nr: number): Steps<void> {
    if ((yield* section_of(nr)).usage_reserved)
      yield { op: 'bug', where: 'kfree', text: 'BUG_ON(!PageCompound(page))' };
    yield* set_section(nr, { usage: null });
  },

  /**
   * v5.3: the section's pointer is already cleared when classic SPARSEMEM reads it; it happens to be NULL there (see
   * B50). The memmap stays (B53).
   */
  *section_deactivate(this: MemKernel, pfn: number, nr_pages: number): Steps<void> {
    const cleared = yield* clear_subsection_map(this, pfn, nr_pages);
    if (cleared === null) return;
    const { nr, early, empty } = cleared;
    let memmap = 0;
    if (empty) {
      if (!early) yield* this.$kfree_usage(nr);
      memmap = yield* decode_mem_map(this, nr);
      yield* set_section(nr, { section_mem_map: encode(this.c, 0, nr), flags: 0 });
    }
    if (early && empty) yield* this.free_map_bootmem(nr, memmap);
    else yield* this.depopulate_section_memmap(pfn, nr_pages);
  },

  /** B57: the node id of early boot occupies the bit of SECTION_IS_EARLY. */
  *memory_present(this: MemKernel, nr: number, nid: number): Steps<void> {
    if ((yield* section_of(nr)).flags) return;
    const word = SECTION_MARKED_PRESENT | SECTION_IS_ONLINE | (nid << 3);
    yield* set_section(nr, { flags: word & 31, nid });
  },
};

interface Cleared {
  readonly nr: number;
  readonly early: boolean;
  readonly empty: boolean;
}

function* clear_subsection_map(k: MemKernel, pfn: number, nr_pages: number): Steps<Cleared | null> {
  const nr = pfn_to_section_nr(k.c, pfn);
  const { usage, flags } = yield* section_of(nr);
  const mask = subsections(k.c, pfn, nr_pages);
  if (!usage || mask.some((bit) => !usage.has(bit))) {
    const text = `section already deactivated (0x${pfn.toString(16)} + ${nr_pages})`;
    const message = 'section already deactivated';
    yield { op: 'warn', where: 'section_deactivate', text, about: { message, pfn, nr_pages } };
    return null;
  }
  const left = new Set([...usage].filter((bit) => !mask.includes(bit)));
  yield* set_section(nr, { usage: left });
  return { nr, early: (flags & SECTION_IS_EARLY) !== 0, empty: left.size === 0 };
}

function* decode_mem_map(k: MemKernel, nr: number): Steps<number> {
  const { section_mem_map } = yield* section_of(nr);
  return section_mem_map + nr * k.c.PAGES_PER_SECTION * SIZEOF_STRUCT_PAGE;
}

export const v5_4 = {
  /** PG_reserved marks usage from boot memory (8068df3b6037). */
  *$free_usage(this: MemKernel, nr: number): Steps<void> {
    if (!(yield* section_of(nr)).usage_reserved) yield* this.$kfree_usage(nr);
  },

  *section_deactivate(this: MemKernel, pfn: number, nr_pages: number): Steps<void> {
    yield* deactivate(this, pfn, nr_pages, 'encoded NULL first');
  },
};

/** After 1f503443e7df: all zero, still before the memmap is looked up (B50). */
export const v5_6_rc5 = {
  *section_deactivate(this: MemKernel, pfn: number, nr_pages: number): Steps<void> {
    yield* deactivate(this, pfn, nr_pages, 'zero first');
  },
};

/** After d41e2f3bd546: at the end; until then the section is valid without usage (B51). */
export const v5_6_rc7 = {
  *section_deactivate(this: MemKernel, pfn: number, nr_pages: number): Steps<void> {
    yield* deactivate(this, pfn, nr_pages, 'valid to the end');
  },
};

/** After b943f045a9af: invalid as soon as usage is freed. */
export const v5_7_deactivate = {
  *section_deactivate(this: MemKernel, pfn: number, nr_pages: number): Steps<void> {
    yield* deactivate(this, pfn, nr_pages, 'invalid first');
  },
};

export const v5_7 = {
  *$section_start_memmap(this: MemKernel, nr: number, pfn: number, memmap: number): Steps<number> {
    const start = nr * this.c.PAGES_PER_SECTION;
    return start === pfn ? memmap : yield* this.__pfn_to_page(start);
  },
};

/** After ef69bc9f689d: no part of an early section's memmap is freed (B54). */
export const v5_10 = {
  *section_deactivate(this: MemKernel, pfn: number, nr_pages: number): Steps<void> {
    yield* deactivate(this, pfn, nr_pages, 'early stays');
  },
};

export const v5_15 = {
  /** A shift of 6 (v5.12): above all flags. */
  *memory_present(this: MemKernel, nr: number, nid: number): Steps<void> {
    if ((yield* section_of(nr)).flags) return;
    yield* set_section(nr, { flags: SECTION_MARKED_PRESENT | SECTION_IS_ONLINE, nid });
  },
};

type Form = 'encoded NULL first' | 'zero first' | 'valid to the end' | 'invalid first' | 'early stays';

function* deactivate(k: MemKernel, pfn: number, nr_pages: number, form: Form): Steps<void> {
  const cleared = yield* clear_subsection_map(k, pfn, nr_pages);
  if (cleared === null) return;
  const { nr, early, empty } = cleared;
  let memmap = 0;
  if (empty) {
    yield* k.$free_usage(nr);
    memmap = yield* decode_mem_map(k, nr);
    const { flags } = yield* section_of(nr);
    if (form === 'encoded NULL first')
      yield* set_section(nr, { section_mem_map: encode(k.c, 0, nr), flags: 0 });
    else if (form === 'zero first') yield* set_section(nr, { section_mem_map: 0, flags: 0 });
    else if (form !== 'valid to the end') yield* set_section(nr, { flags: flags & ~SECTION_HAS_MEM_MAP });
  }
  if (early && empty) yield* k.free_map_bootmem(nr, memmap);
  else if (!early || form !== 'early stays') yield* k.depopulate_section_memmap(pfn, nr_pages);
  if (empty && form !== 'encoded NULL first') yield* set_section(nr, { section_mem_map: 0, flags: 0 });
}
