import type { Failure } from '../../steps/failure.ts';
import type { Steps } from '../../steps/step.ts';
import type { Config } from '../config.ts';
import type { Kernel, vmem_altmap } from '../kernel.ts';
import { alloc, change, exists, look, operation, R, W } from '../ops.ts';
import { hex, NR_SECTION_ROOTS, pfn_to_section_nr, SECTION_NR_TO_ROOT, section_nr_to_pfn } from '../pfn.ts';
import {
  SECTION_HAS_MEM_MAP,
  SECTION_IS_EARLY,
  SECTION_IS_ONLINE,
  SECTION_MARKED_PRESENT,
  type State,
} from '../state.ts';
import { set_pages } from './memmap.ts';
import { NO_PAGE, PageHWPoison, PG_hwpoison } from './page.ts';
import { access_pages, page_operation } from './page_access.ts';
import { pagemap_key } from './pgmap_array.ts';
import { whole_memmap } from './sparse-vmemmap/nr_vmemmap_pages.ts';

/** mm/sparse.c: sections, their sub-section maps and the flags that make a pfn valid. */

export const subsections_per_section = (c: Config): number => c.PAGES_PER_SECTION / c.PAGES_PER_SUBSECTION;

/** Equal maps are shared: a terabyte of whole sections holds one array. */
const shared_maps = new Map<string, readonly number[]>();
function share(words: number[]): readonly number[] {
  const key = words.join();
  let map = shared_maps.get(key);
  if (!map) {
    map = Object.freeze(words);
    shared_maps.set(key, map);
  }
  return map;
}

/** The bits of the sub-sections that [pfn, pfn + nr_pages) touches, within one section. */
export function subsection_mask(c: Config, pfn: number, nr_pages: number): readonly number[] {
  const n = subsections_per_section(c);
  const words = new Array<number>(Math.ceil(n / 32)).fill(0);
  const first = Math.floor((pfn % c.PAGES_PER_SECTION) / c.PAGES_PER_SUBSECTION);
  const last = Math.floor(((pfn + nr_pages - 1) % c.PAGES_PER_SECTION) / c.PAGES_PER_SUBSECTION);
  if (nr_pages > 0) for (let i = first; i <= last; i++) words[i >>> 5]! |= 1 << (i & 31);
  return share(words);
}

const empty_map = (c: Config): readonly number[] => subsection_mask(c, 0, 0);
const is_empty = (map: readonly number[]): boolean => map.every((w) => w === 0);
const zip = (a: readonly number[], b: readonly number[], f: (x: number, y: number) => number) =>
  share(a.map((w, i) => f(w, b[i]!)));

export const subsection_set = (c: Config, map: readonly number[], pfn: number): boolean => {
  const i = Math.floor((pfn % c.PAGES_PER_SECTION) / c.PAGES_PER_SUBSECTION);
  return ((map[i >>> 5]! >>> (i & 31)) & 1) === 1;
};

const clear_hwpoison = page_operation({
  name: 'clear_hwpoison',
  writes: true,
  tell: () => ({ kind: 'does', what: 'clear_hwpoisoned_pages()' }),
  changes: ['pages', 'vars'],
  run: (state, start, end): void => {
    let poisoned = 0;
    for (const run of state.pages.in(start, end))
      if (PageHWPoison(run.value)) poisoned += run.end - run.start;
    if (poisoned === 0) return;
    state.pages.update(start, end, (page) => page & ~PG_hwpoison);
    state.vars.get(0)!.num_poisoned_pages -= poisoned;
  },
});

/** Stands for a freed usage to which a pointer still points. */
const FREED_USAGE: readonly number[] = Object.freeze([]);

const points_to_usage = (state: State, nr: number): boolean =>
  (state.mem_section.get(nr)!.subsection_map?.length ?? 0) > 0;

const is_kfree_rcu = (state: State, nr: number): boolean =>
  state.rcu_callbacks.some(({ head, func }) => func === null && head === nr);

const stale_usage = (state: State, nr: number): Failure | undefined =>
  points_to_usage(state, nr) || is_kfree_rcu(state, nr)
    ? undefined
    : {
        kind: 'use-after-free',
        subjects: { what: 'usage', access: 'read', section: nr, state: 'free' },
        text: `read of the usage of section ${nr}, which is free`,
      };

/** Reads through a usage pointer that may be stale. */
export const usage_steps = {
  empty_map,
  shared: share,
  freed: FREED_USAGE,

  has_usage: operation({
    name: 'has_usage',
    obj: 'mem_section',
    writes: false,
    tell: ([nr], has) => ({ kind: 'reads', what: `__nr_to_section(${nr})->usage`, value: has }),
    run: (state: State, nr: number): boolean => (state.mem_section.get(nr)?.subsection_map ?? null) !== null,
  }),

  /**
   * The two halves of a word of the map; one that waits for a grace period is empty. `_why` is what the word is read
   * for: to test a bit, or for a new map.
   */
  read_words: operation({
    name: 'read_words',
    obj: 'mem_section',
    writes: false,
    tell: ([, nr, word]) => ({
      kind: 'reads',
      what: `__nr_to_section(${nr})->usage->subsection_map[${word}]`,
    }),
    fault: (state, _c, nr) => stale_usage(state, nr),
    run: (state: State, _c: Config, nr: number, word: number, _why: 'bit' | 'map'): readonly number[] =>
      state.mem_section.get(nr)?.subsection_map?.slice(2 * word, 2 * word + 2) ?? [],
  }),

  /** test_bit() in a usage that existed when the pointer was read; one that waits for a grace period is empty. */
  test_bit: operation({
    name: 'test_bit',
    obj: 'mem_section',
    writes: false,
    tell: ([c, nr, pfn], set) => ({
      kind: 'reads',
      what: `test_bit(${Math.floor((pfn % c.PAGES_PER_SECTION) / c.PAGES_PER_SUBSECTION)}, __nr_to_section(${nr})->usage->subsection_map)`,
      value: set,
    }),
    fault: (state, _c, nr) => stale_usage(state, nr),
    run: (state: State, c: Config, nr: number, pfn: number): boolean =>
      points_to_usage(state, nr) && subsection_set(c, state.mem_section.get(nr)!.subsection_map!, pfn),
  }),
};

const mem_map_of = operation({
  name: 'mem_map_of',
  obj: 'mem_section',
  writes: false,
  tell: ([nr], map) => ({ kind: 'reads', what: `__nr_to_section(${nr})->section_mem_map`, value: map }),
  run: (state: State, nr: number): number => state.mem_section.get(nr)?.section_mem_map ?? 0,
});

/** Bytes of the words that hold so many bits: BITS_TO_LONGS() * sizeof(long). */
const bytes_of_bits = (bits: number): number => Math.ceil(bits / 64) * 8;

const pageblocks_per_section = (c: Config): number => c.PAGES_PER_SECTION / c.pageblock_nr_pages;

export const v5_2 = {
  /** Bytes of the flags of a section's pageblocks: four bits for each. */
  usemap_size(this: Kernel): number {
    return bytes_of_bits(pageblocks_per_section(this.c) * 4);
  },

  /**
   * 0 or -ENOMEM; callers do not check whether the root exists. The first section of a root allocates the others,
   * zeroed; a section that is not in the table is such a one.
   */
  *sparse_index_init(this: Kernel, section_nr: number, nid: number): Steps<number> {
    const root = SECTION_NR_TO_ROOT(this.c, section_nr);
    const roots = NR_SECTION_ROOTS(this.c);
    if (root >= roots)
      yield* this.BUG(
        'sparse_index_init',
        `mem_section[${root}] is read, and mem_section[] has ${roots} entries`,
        { message: 'mem_section[] is read past its end', count: root, bound: roots },
      );
    if (!(yield* exists('mem_section_root', root))) {
      if (yield* this.$should_fail('mem_section_root')) return -this.errno.ENOMEM;
      if (!(yield* alloc('mem_section_root', root, { nid }))) return -this.errno.ENOMEM;
    }
    if (yield* exists('mem_section', section_nr)) return 0;
    const ms = { section_mem_map: 0, subsection_map: null, nid: 0 };
    return (yield* alloc('mem_section', section_nr, ms)) ? 0 : -this.errno.ENOMEM;
  },

  /** The flags of a section; 0 if its root was never allocated. */
  *$section_mem_map(this: Kernel, section_nr: number): Steps<number> {
    return yield* look(mem_map_of, section_nr);
  },

  /**
   * Always a whole section; on -EEXIST it frees the memmap it has just populated (sparse_add_one_section() of 5.2.1).
   */
  *sparse_add_section(
    this: Kernel,
    nid: number,
    pfn: number,
    _nr_pages: number,
    altmap: vmem_altmap | null,
  ): Steps<number> {
    const section_nr = pfn_to_section_nr(this.c, pfn);
    const nr_pages = this.c.PAGES_PER_SECTION;
    const ret = yield* this.sparse_index_init(section_nr, nid);
    if (ret < 0) return ret;
    if ((yield* this.__populate_section_memmap(pfn, nr_pages, nid, altmap)) < 0) return -this.errno.ENOMEM;
    if (yield* this.$should_fail('usemap')) {
      yield* this.depopulate_section_memmap(pfn, nr_pages, altmap);
      return -this.errno.ENOMEM;
    }
    if ((yield* R('mem_section', section_nr, 'section_mem_map')) & SECTION_MARKED_PRESENT) {
      yield* this.depopulate_section_memmap(pfn, nr_pages, altmap);
      return -this.errno.EEXIST;
    }
    yield* this.page_init_poison(pfn, nr_pages);
    yield* W('mem_section', section_nr, 'nid', nid);
    yield* W('mem_section', section_nr, 'section_mem_map', SECTION_MARKED_PRESENT | SECTION_HAS_MEM_MAP);
    yield* W('mem_section', section_nr, 'subsection_map', subsection_mask(this.c, pfn, nr_pages));
    return 0;
  },

  *sparse_remove_section(
    this: Kernel,
    pfn: number,
    _nr_pages: number,
    altmap: vmem_altmap | null,
  ): Steps<void> {
    const section_nr = pfn_to_section_nr(this.c, pfn);
    const nr_pages = this.c.PAGES_PER_SECTION;
    const start = section_nr_to_pfn(this.c, section_nr);
    const early = (yield* R('mem_section', section_nr, 'section_mem_map')) & SECTION_IS_EARLY;
    yield* W('mem_section', section_nr, 'section_mem_map', 0);
    yield* W('mem_section', section_nr, 'subsection_map', null);
    yield* this.clear_hwpoisoned_pages(start, nr_pages);
    if (early) yield* this.free_map_bootmem(start, nr_pages);
    else yield* this.depopulate_section_memmap(start, nr_pages, altmap);
  },

  /** Pages of the range that are poisoned still are no longer counted. */
  *clear_hwpoisoned_pages(this: Kernel, pfn: number, nr_pages: number): Steps<void> {
    if ((yield* R('vars', 0, 'num_poisoned_pages')) === 0) return;
    yield* access_pages(this, 'clear_hwpoisoned_pages', clear_hwpoison, pfn, pfn + nr_pages);
  },

  *online_mem_sections(this: Kernel, start_pfn: number, end_pfn: number): Steps<void> {
    for (let nr = pfn_to_section_nr(this.c, start_pfn); section_nr_to_pfn(this.c, nr) < end_pfn; nr++) {
      const map = yield* this.$section_mem_map(nr);
      if (map) yield* W('mem_section', nr, 'section_mem_map', map | SECTION_IS_ONLINE);
    }
  },

  *offline_mem_sections(this: Kernel, start_pfn: number, end_pfn: number): Steps<void> {
    for (let nr = pfn_to_section_nr(this.c, start_pfn); section_nr_to_pfn(this.c, nr) < end_pfn; nr++) {
      const map = yield* this.$section_mem_map(nr);
      if (map) yield* W('mem_section', nr, 'section_mem_map', map & ~SECTION_IS_ONLINE);
    }
  },

  /** Frees the memmap of boot memory: its pages came from memblock. */
  *free_map_bootmem(this: Kernel, pfn: number, nr_pages: number): Steps<void> {
    yield* change(set_pages, pfn, pfn + nr_pages, NO_PAGE);
  },
};

function* clear_has_mem_map(nr: number): Steps<void> {
  const map = yield* R('mem_section', nr, 'section_mem_map');
  yield* W('mem_section', nr, 'section_mem_map', map & ~SECTION_HAS_MEM_MAP);
}

export const v5_3 = {
  /** Bytes of a mem_section_usage: the map of sub-sections, and the flags of pageblocks. */
  mem_section_usage_size(this: Kernel): number {
    return bytes_of_bits(subsections_per_section(this.c)) + this.usemap_size();
  },

  *fill_subsection_map(this: Kernel, pfn: number, nr_pages: number): Steps<number> {
    const nr = pfn_to_section_nr(this.c, pfn);
    const mask = subsection_mask(this.c, pfn, nr_pages);
    const map = (yield* R('mem_section', nr, 'subsection_map')) ?? empty_map(this.c);
    if (is_empty(mask)) return -this.errno.EINVAL;
    if (map.some((w, i) => w & mask[i]!)) return -this.errno.EEXIST;
    yield* W(
      'mem_section',
      nr,
      'subsection_map',
      zip(map, mask, (a, b) => a | b),
    );
    return 0;
  },

  *populate_section_memmap(
    this: Kernel,
    pfn: number,
    nr_pages: number,
    nid: number,
    altmap: vmem_altmap | null,
  ): Steps<number> {
    return yield* this.__populate_section_memmap(pfn, nr_pages, nid, altmap);
  },

  *section_activate(
    this: Kernel,
    nid: number,
    pfn: number,
    nr_pages: number,
    altmap: vmem_altmap | null,
  ): Steps<number> {
    const nr = pfn_to_section_nr(this.c, pfn);
    const had_usage = (yield* R('mem_section', nr, 'subsection_map')) !== null;
    if (!had_usage) {
      if (yield* this.$should_fail('mem_section_usage')) return -this.errno.ENOMEM;
      yield* W('mem_section', nr, 'subsection_map', empty_map(this.c));
    }
    const rc = yield* this.fill_subsection_map(pfn, nr_pages);
    if (rc) {
      if (!had_usage) yield* W('mem_section', nr, 'subsection_map', null);
      return rc;
    }
    const early = (yield* R('mem_section', nr, 'section_mem_map')) & SECTION_IS_EARLY;
    if (nr_pages < this.c.PAGES_PER_SECTION && early) return 0;
    if ((yield* this.populate_section_memmap(pfn, nr_pages, nid, altmap)) < 0) {
      yield* this.section_deactivate(pfn, nr_pages, altmap);
      return -this.errno.ENOMEM;
    }
    return 0;
  },

  *sparse_add_section(
    this: Kernel,
    nid: number,
    pfn: number,
    nr_pages: number,
    altmap: vmem_altmap | null,
  ): Steps<number> {
    const nr = pfn_to_section_nr(this.c, pfn);
    const ret = yield* this.sparse_index_init(nr, nid);
    if (ret < 0) return ret;
    const rc = yield* this.section_activate(nid, pfn, nr_pages, altmap);
    if (rc < 0) return rc;
    yield* this.page_init_poison(pfn, nr_pages);
    yield* W('mem_section', nr, 'nid', nid);
    const map = yield* R('mem_section', nr, 'section_mem_map');
    yield* W('mem_section', nr, 'section_mem_map', map | SECTION_MARKED_PRESENT | SECTION_HAS_MEM_MAP);
    return 0;
  },

  /**
   * The forms between v5.3 and v5.9 differ in when section_mem_map and usage are cleared (src/memmap/kernel/sparse.ts
   * has them all).
   */
  *section_deactivate(this: Kernel, pfn: number, nr_pages: number, altmap: vmem_altmap | null): Steps<void> {
    const nr = pfn_to_section_nr(this.c, pfn);
    const early = ((yield* R('mem_section', nr, 'section_mem_map')) & SECTION_IS_EARLY) !== 0;
    const mask = subsection_mask(this.c, pfn, nr_pages);
    const map = yield* R('mem_section', nr, 'subsection_map');
    if (!map || mask.some((w, i) => (w & map[i]!) !== w)) {
      yield* this.WARN('section_deactivate', `section already deactivated (${hex(pfn)} + ${nr_pages})`, {
        message: 'section already deactivated',
        pfn,
        nr_pages,
      });
      return;
    }
    const left = zip(map, mask, (a, b) => a ^ b);
    yield* W('mem_section', nr, 'subsection_map', left);
    const empty = is_empty(left);
    if (empty) yield* this.$section_invalidate(nr, early);
    if (early && empty) yield* this.free_map_bootmem(section_nr_to_pfn(this.c, nr), this.c.PAGES_PER_SECTION);
    else yield* this.$section_depopulate(pfn, nr_pages, early, altmap);
    if (empty) yield* W('mem_section', nr, 'section_mem_map', 0);
  },

  /** The usage is freed while the section still says that it has a memmap; the usage of boot memory stays (B52). */
  *$section_invalidate(this: Kernel, nr: number, early: boolean): Steps<void> {
    if (!early) {
      yield* W('mem_section', nr, 'subsection_map', FREED_USAGE);
      yield* W('mem_section', nr, 'subsection_map', null);
    }
    yield* clear_has_mem_map(nr);
  },

  /** pfn_valid() treats the memmap of boot memory as whole, but a part of it can still be freed (B54). */
  *$section_depopulate(
    this: Kernel,
    pfn: number,
    nr_pages: number,
    _early: boolean,
    altmap: vmem_altmap | null,
  ): Steps<void> {
    yield* this.depopulate_section_memmap(pfn, nr_pages, altmap);
  },

  *sparse_remove_section(
    this: Kernel,
    pfn: number,
    nr_pages: number,
    altmap: vmem_altmap | null,
  ): Steps<void> {
    yield* this.clear_hwpoisoned_pages(pfn, nr_pages);
    yield* this.section_deactivate(pfn, nr_pages, altmap);
  },
};

export const v5_9 = {
  /** A part of an early section keeps its memmap (ef69bc9f689d). */
  *$section_depopulate(
    this: Kernel,
    pfn: number,
    nr_pages: number,
    early: boolean,
    altmap: vmem_altmap | null,
  ): Steps<void> {
    if (!early) yield* this.depopulate_section_memmap(pfn, nr_pages, altmap);
  },
};

/** 5ec8e8ea8b77 (v6.8), back-ported to 5.10.210 and 6.1.76. */
export const v6_8 = {
  /** With the rcu_head by which it is freed. */
  mem_section_usage_size(this: Kernel): number {
    return 16 + v5_3.mem_section_usage_size.call(this);
  },

  *$section_invalidate(this: Kernel, nr: number, early: boolean): Steps<void> {
    yield* clear_has_mem_map(nr);
    if (early) return;
    yield* this.kfree_rcu(nr);
    yield* W('mem_section', nr, 'subsection_map', null);
  },
};

export const v6_2 = {
  /** Poisoned pages are those of the memory block, and no longer counted when that goes (v6.2). */
  *sparse_remove_section(
    this: Kernel,
    pfn: number,
    nr_pages: number,
    altmap: vmem_altmap | null,
  ): Steps<void> {
    yield* this.section_deactivate(pfn, nr_pages, altmap);
  },
};

/** The dev_pagemap of device memory that is being added or removed: its start, and the order of its compound pages. */
export const pgmap_at = operation({
  name: 'pgmap_at',
  obj: 'dev_pagemap',
  writes: false,
  tell: () => ({ kind: 'books' }),
  run(
    state: State,
    c: Config,
    pfn: number,
  ): { readonly start: number; readonly vmemmap_shift: number } | null {
    return state.dev_pagemap.get(pagemap_key(state, pfn * c.PAGE_SIZE)) ?? null;
  },
});

export const v6_11 = {
  /** section_activate() counts the memmap once it is there. */
  *populate_section_memmap(
    this: Kernel,
    pfn: number,
    nr_pages: number,
    nid: number,
    altmap: vmem_altmap | null,
  ): Steps<number> {
    const ret = yield* v5_3.populate_section_memmap.call(this, pfn, nr_pages, nid, altmap);
    if (ret >= 0) yield* this.memmap_pages_add(whole_memmap(this.c, nr_pages));
    return ret;
  },

  /** Counted off whether it was there or not (B120), and whole, however much of it is shared (B124). */
  *$section_depopulate(
    this: Kernel,
    pfn: number,
    nr_pages: number,
    early: boolean,
    altmap: vmem_altmap | null,
  ): Steps<void> {
    if (!early) yield* this.memmap_pages_add(-whole_memmap(this.c, nr_pages));
    yield* v5_9.$section_depopulate.call(this, pfn, nr_pages, early, altmap);
  },
};

/** v7.2, and 6.12.101 before it. */
export const v7_2 = {
  /** Counted whether it could be populated or not, as it is counted off again if not. */
  *populate_section_memmap(
    this: Kernel,
    pfn: number,
    nr_pages: number,
    nid: number,
    altmap: vmem_altmap | null,
  ): Steps<number> {
    const ret = yield* v5_3.populate_section_memmap.call(this, pfn, nr_pages, nid, altmap);
    const pgmap = yield* look(pgmap_at, this.c, pfn);
    yield* this.memmap_pages_add(this.section_nr_vmemmap_pages(pfn, nr_pages, altmap, pgmap));
    return ret;
  },

  /** depopulate_section_memmap() counts. */
  *$section_depopulate(
    this: Kernel,
    pfn: number,
    nr_pages: number,
    early: boolean,
    altmap: vmem_altmap | null,
  ): Steps<void> {
    if (!early) {
      const pgmap = yield* look(pgmap_at, this.c, pfn);
      yield* this.memmap_pages_add(-this.section_nr_vmemmap_pages(pfn, nr_pages, altmap, pgmap));
    }
    yield* v5_9.$section_depopulate.call(this, pfn, nr_pages, early, altmap);
  },
};

export const v6_17 = {
  /** Isolation is a bit of its own: five bits, padded to eight. */
  usemap_size(this: Kernel): number {
    return bytes_of_bits(pageblocks_per_section(this.c) * 8);
  },
};
