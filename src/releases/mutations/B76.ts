import type { Kernel } from '../../kernel/kernel.ts';
import { mem_hotplug_begin, mem_hotplug_done } from '../../kernel/locks.ts';
import * as offline_pages from '../../kernel/mm/memory_hotplug/offline_pages.ts';
import * as online_pages from '../../kernel/mm/memory_hotplug/online_pages.ts';
import { R, W } from '../../kernel/ops.ts';
import { pages_per_block } from '../../kernel/pfn.ts';
import type { Steps } from '../../steps/step.ts';
import { defineRelease } from '../define.ts';
import { v6_1 } from '../mainline/v6.1.ts';

/** B76: v5.14 to v6.6 took the lock inside online_pages() and offline_pages(), and not for the block's own memmap. */
export const B76 = defineRelease({
  name: 'v6.1-B76',
  base: v6_1,
  about: '6.1.192 with mem_hotplug_lock taken where v5.14 to v6.6 took it',
  functions: {
    *online_pages(this: Kernel, ...args: [number, number, number, number]): Steps<number> {
      yield* mem_hotplug_begin();
      const ret = yield* online_pages.v6_1.online_pages.apply(this, args);
      yield* mem_hotplug_done();
      return ret;
    },

    *offline_pages(this: Kernel, ...args: [number, number, number, number]): Steps<number> {
      yield* mem_hotplug_begin();
      const ret = yield* offline_pages.v6_1.offline_pages.apply(this, args);
      yield* mem_hotplug_done();
      return ret;
    },

    *memory_block_online(this: Kernel, id: number): Steps<number> {
      const pfn = yield* this.$first_pfn(id);
      const nr_pages = pages_per_block(this.c);
      const vmemmap = yield* R('memory_block', id, 'nr_vmemmap_pages');
      const group = yield* R('memory_block', id, 'group');
      const online_type = yield* R('memory_block', id, 'online_type');
      const nid = yield* R('memory_block', id, 'nid');
      const zone = yield* this.zone_for_pfn_range(online_type, nid, group, pfn, nr_pages);
      if (vmemmap) yield* this.mhp_init_memmap_on_memory(pfn, vmemmap, zone);
      const ret = yield* this.online_pages(pfn + vmemmap, nr_pages - vmemmap, zone, group);
      if (ret) {
        if (vmemmap) yield* this.mhp_deinit_memmap_on_memory(pfn, vmemmap, zone);
        return ret;
      }
      if (vmemmap) yield* this.adjust_present_page_count(zone, pfn, group, vmemmap);
      yield* W('memory_block', id, 'zone', zone);
      return 0;
    },

    *memory_block_offline(this: Kernel, id: number): Steps<number> {
      const zone = yield* R('memory_block', id, 'zone');
      if (zone < 0) return -this.errno.EINVAL;
      const pfn = yield* this.$first_pfn(id);
      const nr_pages = pages_per_block(this.c);
      const vmemmap = yield* R('memory_block', id, 'nr_vmemmap_pages');
      const group = yield* R('memory_block', id, 'group');
      if (vmemmap) yield* this.adjust_present_page_count(zone, pfn, group, -vmemmap);
      const ret = yield* this.offline_pages(pfn + vmemmap, nr_pages - vmemmap, zone, group);
      if (ret) {
        if (vmemmap) yield* this.adjust_present_page_count(zone, pfn, group, vmemmap);
        return ret;
      }
      if (vmemmap) yield* this.mhp_deinit_memmap_on_memory(pfn, vmemmap, zone);
      yield* W('memory_block', id, 'zone', -1);
      return 0;
    },
  },
});
