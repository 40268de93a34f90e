import type { Steps } from '../../../../steps/step.ts';
import type { Kernel, memory_notify } from '../../../kernel.ts';
import { mem_hotplug_begin, mem_hotplug_done } from '../../../locks.ts';
import { pr_warn, R, W } from '../../../ops.ts';
import { hexpad, pages_per_block, section_nr_to_pfn } from '../../../pfn.ts';
import {
  MEM_GOING_OFFLINE,
  MEM_GOING_ONLINE,
  MEM_OFFLINE,
  MEM_ONLINE,
  MMOP_OFFLINE,
  MMOP_ONLINE,
  SECTION_HAS_MEM_MAP,
  SECTION_IS_ONLINE,
  SECTION_MARKED_PRESENT,
} from '../../../state.ts';

/** drivers/base/memory.c: the state machine of a memory block. */

const action_names: Readonly<Record<number, string>> = {
  [MEM_GOING_ONLINE]: 'MEM_GOING_ONLINE',
  [MEM_GOING_OFFLINE]: 'MEM_GOING_OFFLINE',
};

export const v5_2 = {
  /** The chain in order of priority; an error ends it. notifier-error-inject comes first. */
  *memory_notify(this: Kernel, action: number, arg: memory_notify): Steps<number> {
    const injected = (yield* R('vars', 0, 'notifier_error'))[action_names[action] ?? ''] ?? 0;
    if (injected) return injected;
    for (const callback of this.memory_chain) {
      const ret = yield* callback.call(this, action, arg);
      if (ret) return ret;
    }
    return 0;
  },

  *$first_pfn(this: Kernel, id: number): Steps<number> {
    return section_nr_to_pfn(this.c, yield* R('memory_block', id, 'start_section_nr'));
  },

  /** Whether every section of the block is present and offline. */
  *pages_correctly_probed(this: Kernel, start_pfn: number): Steps<boolean> {
    const first = start_pfn / this.c.PAGES_PER_SECTION;
    for (let nr = first; nr < first + this.c.sections_per_block; nr++) {
      const pfn = section_nr_to_pfn(this.c, nr);
      const range = `${nr} pfn[${hexpad(pfn, 1)}, ${hexpad(pfn + this.c.PAGES_PER_SECTION, 1)})`;
      if (!(yield* this.pfn_valid(pfn))) {
        yield* this.WARN('pages_correctly_probed');
        return false;
      }
      const map = yield* this.$section_mem_map(nr);
      if (!(map & SECTION_MARKED_PRESENT)) {
        yield* pr_warn(`section ${range} not present`);
        return false;
      }
      if (!(map & SECTION_HAS_MEM_MAP)) {
        yield* pr_warn(`section ${range} no valid memmap`);
        return false;
      }
      if (map & SECTION_IS_ONLINE) {
        yield* pr_warn(`section ${range} is already online`);
        return false;
      }
    }
    return true;
  },

  *memory_block_online(this: Kernel, id: number): Steps<number> {
    const pfn = yield* this.$first_pfn(id);
    if (!(yield* this.pages_correctly_probed(pfn))) return -this.errno.EBUSY;
    const online_type = yield* R('memory_block', id, 'online_type');
    return yield* this.online_pages(pfn, pages_per_block(this.c), online_type, -1);
  },

  *memory_block_offline(this: Kernel, id: number): Steps<number> {
    return yield* this.offline_pages(yield* this.$first_pfn(id), pages_per_block(this.c), -1, 0);
  },

  *memory_block_change_state(this: Kernel, id: number, to: number, from: number): Steps<number> {
    if ((yield* R('memory_block', id, 'state')) !== from) return -this.errno.EINVAL;
    if (to === MEM_OFFLINE) yield* W('memory_block', id, 'state', MEM_GOING_OFFLINE);
    const ret =
      to === MEM_ONLINE ? yield* this.memory_block_online(id) : yield* this.memory_block_offline(id);
    yield* W('memory_block', id, 'state', ret ? from : to);
    return ret;
  },

  *memory_subsys_online(this: Kernel, id: number): Steps<number> {
    if ((yield* R('memory_block', id, 'state')) === MEM_ONLINE) return 0;
    if ((yield* R('memory_block', id, 'online_type')) === MMOP_OFFLINE) {
      yield* W('memory_block', id, 'online_type', MMOP_ONLINE);
    }
    const ret = yield* this.memory_block_change_state(id, MEM_ONLINE, MEM_OFFLINE);
    yield* W('memory_block', id, 'online_type', MMOP_OFFLINE);
    return ret;
  },

  /** v5.2..v5.4: a block with absent sections is refused. */
  *memory_subsys_offline(this: Kernel, id: number): Steps<number> {
    if ((yield* R('memory_block', id, 'state')) === MEM_OFFLINE) return 0;
    if ((yield* R('memory_block', id, 'section_count')) !== this.c.sections_per_block)
      return -this.errno.EINVAL;
    return yield* this.memory_block_change_state(id, MEM_OFFLINE, MEM_ONLINE);
  },
};

export const v5_7 = {
  *memory_block_online(this: Kernel, id: number): Steps<number> {
    const online_type = yield* R('memory_block', id, 'online_type');
    const nid = yield* R('memory_block', id, 'nid');
    return yield* this.online_pages(yield* this.$first_pfn(id), pages_per_block(this.c), online_type, nid);
  },

  *memory_subsys_offline(this: Kernel, id: number): Steps<number> {
    if ((yield* R('memory_block', id, 'state')) === MEM_OFFLINE) return 0;
    return yield* this.memory_block_change_state(id, MEM_OFFLINE, MEM_ONLINE);
  },
};

export const v6_1 = {
  /** The zone is chosen before the lock is taken; the self-hosted memmap exists as long as the block is online. */
  *memory_block_online(this: Kernel, id: number): Steps<number> {
    const pfn = yield* this.$first_pfn(id);
    const nr_pages = pages_per_block(this.c);
    const vmemmap = yield* R('memory_block', id, 'nr_vmemmap_pages');
    const group = yield* R('memory_block', id, 'group');
    const online_type = yield* R('memory_block', id, 'online_type');
    const nid = yield* R('memory_block', id, 'nid');
    const zone = yield* this.zone_for_pfn_range(online_type, nid, group, pfn, nr_pages);
    yield* mem_hotplug_begin();
    if (vmemmap) yield* this.mhp_init_memmap_on_memory(pfn, vmemmap, zone);
    const ret = yield* this.online_pages(pfn + vmemmap, nr_pages - vmemmap, zone, group);
    if (ret) {
      if (vmemmap) yield* this.mhp_deinit_memmap_on_memory(pfn, vmemmap, zone);
    } else {
      if (vmemmap) yield* this.adjust_present_page_count(zone, pfn, group, vmemmap);
      yield* W('memory_block', id, 'zone', zone);
    }
    yield* mem_hotplug_done();
    return ret;
  },

  /** A block that spans zones or nodes has no zone recorded and cannot go offline. */
  *memory_block_offline(this: Kernel, id: number): Steps<number> {
    const zone = yield* R('memory_block', id, 'zone');
    if (zone < 0) return -this.errno.EINVAL;
    const pfn = yield* this.$first_pfn(id);
    const nr_pages = pages_per_block(this.c);
    const vmemmap = yield* R('memory_block', id, 'nr_vmemmap_pages');
    const group = yield* R('memory_block', id, 'group');
    yield* mem_hotplug_begin();
    if (vmemmap) yield* this.adjust_present_page_count(zone, pfn, group, -vmemmap);
    const ret = yield* this.offline_pages(pfn + vmemmap, nr_pages - vmemmap, zone, group);
    if (ret) {
      if (vmemmap) yield* this.adjust_present_page_count(zone, pfn, group, vmemmap);
    } else {
      if (vmemmap) yield* this.mhp_deinit_memmap_on_memory(pfn, vmemmap, zone);
      yield* W('memory_block', id, 'zone', -1);
    }
    yield* mem_hotplug_done();
    return ret;
  },
};

export const v6_2 = {
  /** v6.2+: a block that holds a poisoned page stays offline. */
  *memory_block_online(this: Kernel, id: number): Steps<number> {
    if (yield* R('memory_block', id, 'nr_hwpoison')) return -this.errno.EHWPOISON;
    return yield* v6_1.memory_block_online.call(this, id);
  },
};
