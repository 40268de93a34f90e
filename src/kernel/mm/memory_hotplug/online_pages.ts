import type { Steps } from '../../../steps/step.ts';
import type { Kernel, memory_notify } from '../../kernel.ts';
import { mem_hotplug_begin, mem_hotplug_done, zone_lock, zone_unlock } from '../../locks.ts';
import { add, R } from '../../ops.ts';
import { hexpad, IS_ALIGNED, PFN_PHYS, pfn_to_block_id } from '../../pfn.ts';
import { MEM_CANCEL_ONLINE, MEM_GOING_ONLINE, MEM_ONLINE, NUMA_NO_NODE, zone_to_nid } from '../../state.ts';
import { MIGRATE, PageReserved } from '../page.ts';
import { mapped_page } from '../page_access.ts';

/** mm/memory_hotplug.c: online_pages(). */

export const new_notify = (start_pfn: number, nr_pages: number): memory_notify => ({
  start_pfn,
  nr_pages,
  status_change_nid: NUMA_NO_NODE,
  status_change_nid_normal: NUMA_NO_NODE,
});

/** log2 of the smallest power of two of pages that holds `nr_pages`: rounds up. */
const get_order = (nr_pages: number): number => Math.max(0, Math.ceil(Math.log2(nr_pages)));

/** Largest order below MAX_ORDER to which a pfn is aligned. */
const alignment_order = (pfn: number, max_order: number): number => {
  let order = 0;
  while (order < max_order - 1 && pfn % 2 ** (order + 1) === 0) order++;
  return order;
};

/** A range as the largest naturally aligned chunks; one call if the whole range can be treated alike. */
function* aligned_chunks(k: Kernel, start: number, end: number): Generator<[number, number]> {
  const max = 2 ** (k.c.MAX_ORDER - 1);
  let pfn = start;
  while (pfn < end && !IS_ALIGNED(pfn, max)) {
    const n = 2 ** alignment_order(pfn, k.c.MAX_ORDER);
    yield [pfn, n];
    pfn += n;
  }
  if (pfn < end) yield [pfn, end - pfn];
}

/** [mem 0x…-0x…], the end inclusive. */
export const mem_range_text = (k: Kernel, pfn: number, nr_pages: number): string => {
  const start = PFN_PHYS(k.c, pfn);
  return `[mem ${hexfield(start)}-${hexfield(start + PFN_PHYS(k.c, nr_pages) - 1)}]`;
};

/** %#010llx */
const hexfield = (n: number): string => `0x${hexpad(n, 8)}`;

export const v5_2 = {
  /** A balloon driver may have replaced generic_online_page by its own function (set_online_page_callback). */
  *online_page_callback(this: Kernel, pfn: number, nr_pages: number): Steps<void> {
    if (this.c.hypervisor === 'hyperv') yield* this.hv_online_page(pfn, nr_pages);
    else if (this.c.hypervisor === 'xen') yield* this.xen_online_page(pfn, nr_pages);
    else yield* this.generic_online_page(pfn, nr_pages);
  },

  /** Chunks of min(MAX_ORDER - 1, get_order(rest)) pages: the last one may extend past the end (B72). */
  *$online_pages_blocks(this: Kernel, start: number, nr_pages: number): Steps<number> {
    const end = start + nr_pages;
    let onlined = 0;
    for (let pfn = start; pfn < end; ) {
      const n = 2 ** Math.min(this.c.MAX_ORDER - 1, get_order(end - pfn));
      yield* this.online_page_callback(pfn, n);
      onlined += n;
      pfn += n;
    }
    return onlined;
  },

  /** The first page decides whether the chunk is freed (B73). */
  *online_pages_range(this: Kernel, start_pfn: number, nr_pages: number): Steps<number> {
    let onlined = 0;
    const page = yield* this.pfn_to_page(start_pfn);
    if (PageReserved(yield* mapped_page(this, start_pfn, page, 'online_pages_range'))) {
      onlined = yield* this.$online_pages_blocks(start_pfn, nr_pages);
    }
    yield* this.online_mem_sections(start_pfn, start_pfn + nr_pages);
    return onlined;
  },

  *$account_onlined(this: Kernel, zone: number, onlined: number): Steps<void> {
    yield* add('zone', zone, 'present_pages', onlined);
    yield* add('pgdat', zone_to_nid(zone), 'node_present_pages', onlined);
  },

  /** v5.2: after a veto spans and memmap remain (B75). */
  *$failed_addition(this: Kernel, zone: number, arg: memory_notify): Steps<void> {
    yield* this.pr_debug(
      'mm/memory_hotplug.c',
      `online_pages ${mem_range_text(this, arg.start_pfn, arg.nr_pages)} failed`,
    );
    yield* this.memory_notify(MEM_CANCEL_ONLINE, arg);
    yield* this.$failed_addition_undo(zone, arg);
  },

  /** This release undoes nothing. */
  *$failed_addition_undo(this: Kernel, _zone: number, _arg: memory_notify): Steps<void> {},

  /** The zone is chosen inside, by `online_type` and `nid`; the lock is taken here. */
  *online_pages(
    this: Kernel,
    pfn: number,
    nr_pages: number,
    online_type: number,
    _nid: number,
  ): Steps<number> {
    yield* mem_hotplug_begin();
    const nid = yield* R('memory_block', pfn_to_block_id(this.c, pfn), 'nid');
    const zone = yield* this.zone_for_pfn_range(online_type, nid, 0, pfn, nr_pages);
    yield* this.move_pfn_range_to_zone(zone, pfn, nr_pages, MIGRATE.MOVABLE);
    const arg = new_notify(pfn, nr_pages);
    yield* this.node_states_check_changes_online(zone, arg);
    let ret = yield* this.memory_notify(MEM_GOING_ONLINE, arg);
    let onlined = 0;
    const need_zonelists_rebuild = ret === 0 && (yield* R('zone', zone, 'present_pages')) === 0;
    if (ret === 0) {
      const chunks = yield* this.walk_system_ram_range(pfn, nr_pages);
      if (chunks.length === 0) ret = -this.errno.EINVAL;
      for (const chunk of chunks) onlined += yield* this.online_pages_range(chunk.start_pfn, chunk.nr_pages);
    }
    if (ret) {
      yield* this.$failed_addition(zone, arg);
      yield* mem_hotplug_done();
      return ret;
    }
    yield* this.$account_onlined(zone, onlined);
    if (onlined) {
      yield* this.node_states_set_node(nid, arg);
      if (need_zonelists_rebuild) yield* this.build_all_zonelists(NUMA_NO_NODE);
      yield* this.memory_notify(MEM_ONLINE, arg);
    }
    yield* mem_hotplug_done();
    return 0;
  },
};

export const v5_4 = {
  /** Naturally aligned chunks; PG_reserved is no longer checked. */
  *online_pages_range(this: Kernel, start_pfn: number, nr_pages: number): Steps<number> {
    for (const [pfn, n] of aligned_chunks(this, start_pfn, start_pfn + nr_pages)) {
      yield* this.online_page_callback(pfn, n);
    }
    yield* this.online_mem_sections(start_pfn, start_pfn + nr_pages);
    return nr_pages;
  },

  *$failed_addition_undo(this: Kernel, zone: number, arg: memory_notify): Steps<void> {
    yield* this.remove_pfn_range_from_zone(zone, arg.start_pfn, arg.nr_pages);
  },
};

export const v5_10 = {
  /** Pageblocks start isolated, so pages can be allocated only at the very end. */
  *online_pages(
    this: Kernel,
    pfn: number,
    nr_pages: number,
    online_type: number,
    nid: number,
  ): Steps<number> {
    const section = this.c.PAGES_PER_SECTION;
    if (nr_pages === 0 || !IS_ALIGNED(pfn, section) || !IS_ALIGNED(nr_pages, section)) {
      yield* this.WARN_ON_ONCE('online_pages');
      return -this.errno.EINVAL;
    }
    yield* mem_hotplug_begin();
    const zone = yield* this.zone_for_pfn_range(online_type, nid, 0, pfn, nr_pages);
    const ret = yield* this.$online_pages_in(zone, pfn, nr_pages, 0);
    yield* mem_hotplug_done();
    return ret;
  },

  /** The body of online_pages once zone and lock are determined (the order of v5.10 and later). */
  *$online_pages_in(this: Kernel, zone: number, pfn: number, nr_pages: number, group: number): Steps<number> {
    yield* this.move_pfn_range_to_zone(zone, pfn, nr_pages, MIGRATE.ISOLATE);
    const arg = new_notify(pfn, nr_pages);
    yield* this.node_states_check_changes_online(zone, arg);
    const ret = yield* this.memory_notify(MEM_GOING_ONLINE, arg);
    if (ret) {
      yield* this.$failed_addition(zone, arg);
      return ret;
    }
    yield* zone_lock(zone);
    yield* add('zone', zone, 'nr_isolate_pageblock', nr_pages / this.c.pageblock_nr_pages);
    yield* zone_unlock(zone);
    const need_zonelists_rebuild = (yield* R('zone', zone, 'present_pages')) === 0;
    yield* this.online_pages_range(pfn, nr_pages);
    yield* this.adjust_present_page_count(zone, pfn, group, nr_pages);
    yield* this.node_states_set_node(zone_to_nid(zone), arg);
    if (need_zonelists_rebuild) yield* this.build_all_zonelists(NUMA_NO_NODE);
    yield* this.undo_isolate_page_range(zone, pfn, pfn + nr_pages);
    yield* this.memory_notify(MEM_ONLINE, arg);
    return 0;
  },
};

export const v6_1 = {
  /** The caller determines zone and lock; self-hosted vmemmap pages lie before `pfn`. */
  *online_pages(this: Kernel, pfn: number, nr_pages: number, zone: number, group: number): Steps<number> {
    if (
      nr_pages === 0 ||
      !IS_ALIGNED(pfn, this.c.pageblock_nr_pages) ||
      !IS_ALIGNED(pfn + nr_pages, this.c.PAGES_PER_SECTION)
    ) {
      yield* this.WARN_ON_ONCE('online_pages');
      return -this.errno.EINVAL;
    }
    return yield* this.$online_pages_in(zone, pfn, nr_pages, group);
  },
};
