import { v5_3 as vmemmap_v5_3 } from '../kernel/arch/x86/mm/init_64/vmemmap.ts';
import type { Config } from '../kernel/config.ts';
import * as rcupdate from '../kernel/include/linux/rcupdate.ts';
import { v5_3 as adding, next_section } from '../kernel/mm/memory_hotplug/add_pages.ts';
import { usable } from '../kernel/mm/page_alloc/alloc_pages.ts';
import * as sparse from '../kernel/mm/sparse.ts';
import * as section_memmap from '../kernel/mm/sparse-vmemmap/section_memmap_x86.ts';
import { change, look, operation } from '../kernel/ops.ts';
import {
  IS_ALIGNED,
  NR_SECTION_ROOTS,
  pfn_to_section_nr,
  SECTION_NR_TO_ROOT,
  section_end_pfn,
} from '../kernel/pfn.ts';
import {
  NO_ZONE,
  SECTION_HAS_MEM_MAP,
  SECTION_IS_EARLY,
  SECTION_MARKED_PRESENT,
  type State,
} from '../kernel/state.ts';
import { type BatchForm, form } from './form.ts';

/** x86-64: whole sections of RAM are added and removed together, with one call for the memmap of all. */

/** How many blocks of the memmap there is memory for, if each table on the way breaks one more. */
function room(state: State, c: Config): number {
  const align = c.PMD_SIZE / c.PAGE_SIZE;
  let blocks = 0;
  for (const { start, end, value } of state.pages.in(0, Number.MAX_SAFE_INTEGER))
    if (usable(c, value)) blocks += Math.max(0, Math.floor(end / align) - Math.ceil(start / align));
  const tables = 4 + Math.ceil(blocks / c.t.entries[0]!);
  return Math.max(0, blocks - tables);
}

/** The end of the sections from `pfn` on that nothing is known of and whose add cannot fail; `pfn` if there are none. */
const new_sections = operation({
  name: 'new_sections',
  obj: 'mem_section',
  writes: false,
  run(state: State, c: Config, pfn: number, end: number): number {
    const { fail_alloc } = state.vars.get(0)!;
    if (Object.values(fail_alloc).some((n) => n > 0)) return pfn;
    const limit = Math.min(end, pfn + room(state, c) * c.PAGES_PER_SECTION);
    let at = pfn;
    for (; at < limit; at += c.PAGES_PER_SECTION) {
      const nr = pfn_to_section_nr(c, at);
      const ms = state.mem_section.get(nr);
      if (ms && (ms.section_mem_map !== 0 || ms.subsection_map !== null)) break;
      if (SECTION_NR_TO_ROOT(c, nr) >= NR_SECTION_ROOTS(c)) break;
    }
    return at;
  },
});

/** What sparse_index_init() and section_activate() do, and sparse_add_section() after them. */
const add_sections = operation({
  name: 'add_sections',
  obj: 'mem_section',
  changes: ['mem_section', 'mem_section_root'],
  writes: true,
  run(state: State, c: Config, pfn: number, end: number, nid: number): void {
    for (let at = pfn; at < end; at += c.PAGES_PER_SECTION) {
      const nr = pfn_to_section_nr(c, at);
      const root = SECTION_NR_TO_ROOT(c, nr);
      if (!state.mem_section_root.has(root)) state.mem_section_root.set(root, { nid });
      state.mem_section.set(nr, {
        ...state.mem_section.get(nr),
        section_mem_map: SECTION_MARKED_PRESENT | SECTION_HAS_MEM_MAP,
        subsection_map: sparse.subsection_mask(c, at, c.PAGES_PER_SECTION),
        nid,
      });
    }
  },
});

/** The end of the sections from `pfn` on that are there as a whole and were hot-added; `pfn` if there are none. */
const whole_sections = operation({
  name: 'whole_sections',
  obj: 'mem_section',
  writes: false,
  run(state: State, c: Config, pfn: number, end: number): number {
    if (state.vars.get(0)!.num_poisoned_pages > 0) return pfn;
    let at = pfn;
    for (; at < end; at += c.PAGES_PER_SECTION) {
      const ms = state.mem_section.get(pfn_to_section_nr(c, at));
      if (!ms || (ms.section_mem_map & (SECTION_HAS_MEM_MAP | SECTION_IS_EARLY)) !== SECTION_HAS_MEM_MAP)
        break;
      // equal maps are one
      if (ms.subsection_map !== sparse.subsection_mask(c, at, c.PAGES_PER_SECTION)) break;
    }
    return at;
  },
});

/** What section_deactivate() does besides the memmap. */
const forget_sections = operation({
  name: 'forget_sections',
  obj: 'mem_section',
  writes: true,
  run(state: State, c: Config, pfn: number, end: number): void {
    for (let at = pfn; at < end; at += c.PAGES_PER_SECTION) {
      const ms = state.mem_section.get(pfn_to_section_nr(c, at))!;
      ms.subsection_map = null;
      ms.section_mem_map = 0;
    }
  },
});

const isWhole = (c: Config, pfn: number, nr_pages: number): boolean =>
  IS_ALIGNED(pfn, c.PAGES_PER_SECTION) && IS_ALIGNED(nr_pages, c.PAGES_PER_SECTION);

const { sparse_index_init, clear_hwpoisoned_pages } = sparse.v5_2;
const { sparse_add_section, section_activate, fill_subsection_map, section_deactivate } = sparse.v5_3;
const counted = [sparse.v5_3, sparse.v6_11, sparse.v7_2];

export const forms: readonly BatchForm[] = [
  form({
    name: '__add_pages',
    exact: adding.__add_pages,
    instead_of: {
      sparse_index_init,
      sparse_add_section,
      section_activate,
      fill_subsection_map,
      populate_section_memmap: counted.map((of) => of.populate_section_memmap),
      __populate_section_memmap: [section_memmap.v5_2, section_memmap.v6_1].map(
        (of) => of.__populate_section_memmap,
      ),
      vmemmap_populate: vmemmap_v5_3.vmemmap_populate,
    },
    *batch(nid, pfn, nr_pages, params) {
      const end = pfn + nr_pages;
      const together = !params.altmap && !params.pgmap && isWhole(this.c, pfn, nr_pages);
      if (!together) return yield* adding.__add_pages.call(this, nid, pfn, nr_pages, params);
      for (let at = pfn; at < end; ) {
        const stop = yield* look(new_sections, this.c, at, end);
        if (stop === at) {
          const err = yield* adding.__add_pages.call(this, nid, at, this.c.PAGES_PER_SECTION, params);
          if (err) return err;
          at += this.c.PAGES_PER_SECTION;
          continue;
        }
        yield* this.populate_section_memmap(at, stop - at, nid, null);
        yield* this.page_init_poison(at, stop - at);
        yield* change(add_sections, this.c, at, stop, nid);
        at = stop;
      }
      return 0;
    },
  }),
  form({
    name: '__remove_pages',
    exact: adding.__remove_pages,
    instead_of: {
      __remove_section: adding.__remove_section,
      sparse_remove_section: [sparse.v5_3, sparse.v6_2].map((of) => of.sparse_remove_section),
      clear_hwpoisoned_pages,
      section_deactivate,
      $section_invalidate: [sparse.v5_3, sparse.v6_8].map((of) => of.$section_invalidate),
      $section_depopulate: [sparse.v5_3, sparse.v5_9, ...counted.slice(1)].map(
        (of) => (of as typeof sparse.v5_9).$section_depopulate,
      ),
      kfree_rcu: [undefined, rcupdate.v6_8.kfree_rcu],
      depopulate_section_memmap: section_memmap.v5_2.depopulate_section_memmap,
    },
    *batch(pfn, nr_pages, altmap, zone) {
      const end = pfn + nr_pages;
      const together = !altmap && zone === NO_ZONE && isWhole(this.c, pfn, nr_pages);
      for (let at = pfn; at < end; ) {
        const stop = together ? yield* look(whole_sections, this.c, at, end) : at;
        const next = stop > at ? stop : Math.min(end, section_end_pfn(this.c, at));
        if (stop > at) {
          yield* change(forget_sections, this.c, at, stop);
          yield* this.$section_depopulate(at, stop - at, false, null);
        } else yield* this.__remove_section(at, next - at, altmap, zone);
        at = next < end ? yield* look(next_section, this.c, next) : next;
      }
    },
  }),
];
