import type { Steps } from '../../../steps/step.ts';
import type { Kernel } from '../../kernel.ts';
import { sysfs_streq } from '../../lib/string.ts';
import { look, operation, R, W } from '../../ops.ts';
import { pfn_to_section_nr } from '../../pfn.ts';
import {
  MMOP_ONLINE_KERNEL,
  MMOP_ONLINE_MOVABLE,
  NUMA_NO_NODE,
  SECTION_IS_ONLINE,
  type State,
  ZONES_PER_NODE,
  zone_idx,
  zone_key,
} from '../../state.ts';
import { page_zonenum } from '../page.ts';
import { access_pages, first_of_online, page_operation } from '../page_access.ts';

/** mm/memory_hotplug.c: the zone for memory that is onlined. */

export const ONLINE_POLICY_CONTIG_ZONES = 0;
export const ONLINE_POLICY_AUTO_MOVABLE = 1;
export const online_policies = ['contig-zones', 'auto-movable'] as const;

export const v5_2 = {
  /** ZONE_NORMAL is asked as well, though the answer is the same. */
  *default_kernel_zone_for_pfn(
    this: Kernel,
    nid: number,
    start_pfn: number,
    nr_pages: number,
  ): Steps<number> {
    for (let i = 0; i <= this.c.ZONE_NORMAL; i++) {
      if (yield* this.zone_intersects(zone_key(nid, i), start_pfn, nr_pages)) return zone_key(nid, i);
    }
    return zone_key(nid, this.c.ZONE_NORMAL);
  },

  *default_zone_for_pfn(this: Kernel, nid: number, start_pfn: number, nr_pages: number): Steps<number> {
    const kernel_zone = yield* this.default_kernel_zone_for_pfn(nid, start_pfn, nr_pages);
    const movable_zone = zone_key(nid, this.c.ZONE_MOVABLE);
    const in_kernel = yield* this.zone_intersects(kernel_zone, start_pfn, nr_pages);
    const in_movable = yield* this.zone_intersects(movable_zone, start_pfn, nr_pages);
    if (in_kernel !== in_movable) return in_kernel ? kernel_zone : movable_zone;
    return this.c.movable_node ? movable_zone : kernel_zone;
  },

  /** Until v5.14 the pfn was an `unsigned`: 32 bits (B63). */
  *zone_for_pfn_range(
    this: Kernel,
    online_type: number,
    nid: number,
    group: number,
    pfn: number,
    nr_pages: number,
  ): Steps<number> {
    const start_pfn = pfn % 2 ** 32;
    return yield* this.$zone_for_online_type(online_type, nid, group, start_pfn, nr_pages);
  },

  *$zone_for_online_type(
    this: Kernel,
    online_type: number,
    nid: number,
    _group: number,
    start_pfn: number,
    nr_pages: number,
  ): Steps<number> {
    if (online_type === MMOP_ONLINE_KERNEL) {
      return yield* this.default_kernel_zone_for_pfn(nid, start_pfn, nr_pages);
    }
    if (online_type === MMOP_ONLINE_MOVABLE) return zone_key(nid, this.c.ZONE_MOVABLE);
    return yield* this.default_zone_for_pfn(nid, start_pfn, nr_pages);
  },

  /** /sys/module/memory_hotplug/parameters/online_policy (v5.15+). */
  *set_online_policy(this: Kernel, text: string): Steps<number> {
    const policy = online_policies.findIndex((name) => sysfs_streq(text, name));
    if (policy < 0) return -this.errno.EINVAL;
    yield* W('vars', 0, 'online_policy', policy);
    return 0;
  },
};

/** The MOVABLE and early kernel pages of one node or of all. */
const zone_stats = operation({
  name: 'zone_stats',
  obj: 'zone',
  writes: false,
  run(state: State, k: Kernel, nid: number): { kernel_early: number; movable: number } {
    let kernel_early = 0;
    let movable = 0;
    for (const [key, zone] of state.zone) {
      if (zone.present_pages === 0) continue;
      if (nid !== NUMA_NO_NODE && Math.floor(key / ZONES_PER_NODE) !== nid) continue;
      if (zone_idx(key) === k.c.ZONE_MOVABLE) {
        movable += zone.present_pages;
      } else {
        kernel_early += zone.present_early_pages - zone.cma_pages;
        movable += zone.cma_pages;
      }
    }
    return { kernel_early, movable };
  },
});

/** The effect of all dynamic groups but `except`: their MOVABLE pages and the early kernel pages that these need. */
const dynamic_group_stats = operation({
  name: 'dynamic_group_stats',
  obj: 'memory_group',
  writes: false,
  run(state: State, nid: number, except: number, ratio: number) {
    let movable = 0;
    let required = 0;
    for (const [id, group] of state.memory_group) {
      if (!group.is_dynamic || id === except) continue;
      if (nid !== NUMA_NO_NODE && group.nid !== nid) continue;
      required += Math.max(
        0,
        Math.floor((group.present_movable_pages * 100) / ratio) - group.present_kernel_pages,
      );
      movable += group.present_movable_pages;
    }
    return { movable, required };
  },
});

/** The function that looks at the other pages of a unit. */
const MOVABLE = 'auto_movable_zone_for_pfn';

/** The online pages in ZONE_MOVABLE of a unit; -1 if any are in a kernel zone. */
const movable_in_unit = page_operation({
  name: 'movable_in_unit',
  writes: false,
  first_unmapped: (state, start, end, k: Kernel) =>
    first_of_online(state, start, end, k.c.PAGES_PER_SECTION, k.c.PAGES_PER_SECTION),
  run(state, start, end, k: Kernel): number {
    let online = 0;
    for (let at = start; at < end; at += k.c.PAGES_PER_SECTION) {
      const map = state.mem_section.get(pfn_to_section_nr(k.c, at))?.section_mem_map ?? 0;
      if (!(map & SECTION_IS_ONLINE)) continue;
      if (page_zonenum(state.pages.get(at)) !== k.c.ZONE_MOVABLE) return -1;
      online += k.c.PAGES_PER_SECTION;
    }
    return online;
  },
});

export const v5_15 = {
  /** 7cf209ba8a86 (v5.15; in 5.4.195 and 5.10.68). */
  *zone_for_pfn_range(
    this: Kernel,
    online_type: number,
    nid: number,
    group: number,
    pfn: number,
    nr_pages: number,
  ): Steps<number> {
    return yield* this.$zone_for_online_type(online_type, nid, group, pfn, nr_pages);
  },
};

export const v6_1 = {
  *default_kernel_zone_for_pfn(
    this: Kernel,
    nid: number,
    start_pfn: number,
    nr_pages: number,
  ): Steps<number> {
    for (let i = 0; i < this.c.ZONE_NORMAL; i++) {
      if (yield* this.zone_intersects(zone_key(nid, i), start_pfn, nr_pages)) return zone_key(nid, i);
    }
    return zone_key(nid, this.c.ZONE_NORMAL);
  },

  *auto_movable_can_online_movable(
    this: Kernel,
    nid: number,
    group: number,
    nr_pages: number,
  ): Steps<boolean> {
    const ratio = yield* R('vars', 0, 'auto_movable_ratio');
    const stats = yield* look(zone_stats, this, nid);
    const groups = yield* look(dynamic_group_stats, nid, group, ratio);
    if (stats.kernel_early <= groups.required) return false;
    let kernel_early = stats.kernel_early - groups.required;
    if (group && (yield* R('memory_group', group, 'is_dynamic'))) {
      kernel_early += yield* R('memory_group', group, 'present_kernel_pages');
    }
    return stats.movable - groups.movable + nr_pages <= Math.floor((ratio * kernel_early) / 100);
  },

  *auto_movable_zone_for_pfn(
    this: Kernel,
    nid: number,
    group: number,
    pfn: number,
    nr_pages: number,
  ): Steps<number> {
    const kernel_zone = this.default_kernel_zone_for_pfn(nid, pfn, nr_pages);
    if ((yield* R('vars', 0, 'auto_movable_ratio')) === 0) return yield* kernel_zone;
    let online_pages = 0;
    let max_pages = nr_pages;
    if (group && !(yield* R('memory_group', group, 'is_dynamic'))) {
      max_pages = yield* R('memory_group', group, 'pages');
      online_pages = yield* R('memory_group', group, 'present_movable_pages');
      if (yield* R('memory_group', group, 'present_kernel_pages')) return yield* kernel_zone;
    } else if (group) {
      max_pages = yield* R('memory_group', group, 'pages');
      if (max_pages !== nr_pages) {
        const start = Math.floor(pfn / max_pages) * max_pages;
        online_pages = yield* access_pages(this, MOVABLE, movable_in_unit, start, start + max_pages, this);
        if (online_pages < 0) return yield* kernel_zone;
      }
    }
    const pages = max_pages - online_pages;
    if (!(yield* this.auto_movable_can_online_movable(NUMA_NO_NODE, group, pages))) return yield* kernel_zone;
    if (yield* R('vars', 0, 'auto_movable_numa_aware')) {
      if (!(yield* this.auto_movable_can_online_movable(nid, group, pages))) return yield* kernel_zone;
    }
    return zone_key(nid, this.c.ZONE_MOVABLE);
  },

  *$zone_for_online_type(
    this: Kernel,
    online_type: number,
    nid: number,
    group: number,
    start_pfn: number,
    nr_pages: number,
  ): Steps<number> {
    const by_policy = online_type !== MMOP_ONLINE_KERNEL && online_type !== MMOP_ONLINE_MOVABLE;
    if (by_policy && (yield* R('vars', 0, 'online_policy')) === ONLINE_POLICY_AUTO_MOVABLE) {
      return yield* this.auto_movable_zone_for_pfn(nid, group, start_pfn, nr_pages);
    }
    return yield* v5_2.$zone_for_online_type.call(this, online_type, nid, group, start_pfn, nr_pages);
  },
};
