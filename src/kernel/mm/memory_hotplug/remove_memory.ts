import type { Steps } from '../../../steps/step.ts';
import type { Kernel, vmem_altmap } from '../../kernel.ts';
import {
  lock_device_hotplug,
  mem_hotplug_begin,
  mem_hotplug_done,
  unlock_device_hotplug,
} from '../../locks.ts';
import { pr_err, pr_warn, R, W } from '../../ops.ts';
import { hex, IS_ALIGNED, PFN_DOWN, PFN_PHYS, pa, section_nr_to_pfn } from '../../pfn.ts';
import {
  MEM_OFFLINE,
  MMOP_OFFLINE,
  MMOP_ONLINE_KERNEL,
  MMOP_ONLINE_MOVABLE,
  NUMA_NO_NODE,
} from '../../state.ts';
import { page_zonenum } from '../page.ts';
import { mapped_page } from '../page_access.ts';

/** mm/memory_hotplug.c: removal, in the order of each release. */

export const v5_2 = {
  /** Checks that all blocks of the range are offline; also returns the node of the last block checked. */
  *$check_memblocks_offlined(this: Kernel, start: number, size: number): Steps<{ ret: number; nid: number }> {
    let nid = NUMA_NO_NODE;
    for (const id of yield* this.walk_memory_blocks(start, size)) {
      nid = yield* R('memory_block', id, 'nid');
      if ((yield* R('memory_block', id, 'state')) === MEM_OFFLINE) continue;
      const section = yield* R('memory_block', id, 'start_section_nr');
      const begin = PFN_PHYS(this.c, section_nr_to_pfn(this.c, section));
      const end = begin + this.c.memory_block_size_bytes - 1;
      yield* pr_warn(`removing memory fails, because memory [${pa(begin)}-${pa(end)}] is onlined`);
      return { ret: -this.errno.EBUSY, nid };
    }
    return { ret: 0, nid };
  },

  *$memblock_drop(this: Kernel, start: number, size: number): Steps<void> {
    if (!this.c.ARCH_KEEP_MEMBLOCK) return;
    yield* this.memblock_phys_free(start, size);
    yield* this.memblock_remove(start, size);
  },

  *$check_removable_range(this: Kernel, start: number, size: number): Steps<void> {
    if (yield* this.check_hotplug_memory_range(start, size)) yield* this.BUG('__remove_memory');
  },

  /** v5.2 __remove_memory: an online block is a BUG (B07); the memblock entry is removed before the sections (B01). */
  *try_remove_memory(this: Kernel, start: number, size: number): Steps<number> {
    yield* this.$check_removable_range(start, size);
    yield* mem_hotplug_begin();
    const { ret, nid } = yield* this.$check_memblocks_offlined(start, size);
    if (ret) yield* this.BUG('__remove_memory');
    yield* this.firmware_map_remove(start, size);
    yield* this.$memblock_drop(start, size);
    yield* this.arch_remove_memory(start, size, null);
    yield* this.release_mem_region_adjustable(start, size);
    if (nid !== NUMA_NO_NODE) yield* this.try_offline_node(nid);
    yield* mem_hotplug_done();
    return 0;
  },

  *__remove_memory(this: Kernel, start: number, size: number): Steps<void> {
    if (yield* this.try_remove_memory(start, size)) yield* this.BUG('__remove_memory');
  },

  /** Without CONFIG_MEMORY_HOTREMOVE it does nothing, and says nothing. */
  *remove_memory(this: Kernel, start: number, size: number): Steps<number> {
    if (!this.c.MEMORY_HOTREMOVE) return 0;
    yield* lock_device_hotplug();
    const ret = yield* this.try_remove_memory(start, size);
    yield* unlock_device_hotplug();
    return ret;
  },
};

export const v5_3 = {
  *$check_removable_range(this: Kernel, start: number, size: number): Steps<void> {
    if (yield* this.check_hotplug_memory_range(start, size)) yield* this.BUG('try_remove_memory');
  },

  *remove_memory(this: Kernel, start: number, size: number): Steps<number> {
    if (!this.c.MEMORY_HOTREMOVE) return -this.errno.EBUSY;
    return yield* v5_2.remove_memory.call(this, start, size);
  },

  *try_remove_memory(this: Kernel, start: number, size: number): Steps<number> {
    yield* this.$check_removable_range(start, size);
    yield* mem_hotplug_begin();
    const { ret, nid } = yield* this.$check_memblocks_offlined(start, size);
    if (ret === 0) {
      yield* this.firmware_map_remove(start, size);
      yield* this.$memblock_drop(start, size);
      yield* this.remove_memory_block_devices(start, size);
      yield* this.arch_remove_memory(start, size, null);
      yield* this.release_mem_region_adjustable(start, size);
      if (nid !== NUMA_NO_NODE) yield* this.try_offline_node(nid);
    }
    yield* mem_hotplug_done();
    return ret;
  },
};

/**
 * V6 of arm64 memory hot-remove, patch 1: memblock is updated after the sections are removed, in reverse order of
 * adding.
 */
export const arm64_v6 = {
  *try_remove_memory(this: Kernel, start: number, size: number): Steps<number> {
    yield* this.$check_removable_range(start, size);
    yield* mem_hotplug_begin();
    const { ret, nid } = yield* this.$check_memblocks_offlined(start, size);
    if (ret === 0) {
      yield* this.firmware_map_remove(start, size);
      yield* this.remove_memory_block_devices(start, size);
      yield* this.arch_remove_memory(start, size, null);
      yield* this.$memblock_drop(start, size);
      yield* this.release_mem_region_adjustable(start, size);
      if (nid !== NUMA_NO_NODE) yield* this.try_offline_node(nid);
    }
    yield* mem_hotplug_done();
    return ret;
  },
};

export const v5_4 = {
  /** 5.4.195: blocks are removed under device_hotplug_lock alone. */
  *try_remove_memory(this: Kernel, start: number, size: number): Steps<number> {
    yield* this.$check_removable_range(start, size);
    const { ret, nid } = yield* this.$check_memblocks_offlined(start, size);
    if (ret) return ret;
    yield* this.firmware_map_remove(start, size);
    yield* this.$memblock_drop(start, size);
    yield* this.remove_memory_block_devices(start, size);
    yield* mem_hotplug_begin();
    yield* this.arch_remove_memory(start, size, null);
    yield* this.release_mem_region_adjustable(start, size);
    if (nid !== NUMA_NO_NODE) yield* this.try_offline_node(nid);
    yield* mem_hotplug_done();
    return 0;
  },
};

/** The rest of removal once all blocks are known to be offline: v5.7 and later. */
function* remove_offlined(
  k: Kernel,
  start: number,
  size: number,
  nid: number,
  altmap: vmem_altmap | null,
): Steps<void> {
  yield* k.firmware_map_remove(start, size);
  yield* k.remove_memory_block_devices(start, size);
  yield* mem_hotplug_begin();
  yield* k.arch_remove_memory(start, size, altmap);
  yield* k.$memblock_drop(start, size);
  yield* k.release_mem_region_adjustable(start, size);
  if (nid !== NUMA_NO_NODE) yield* k.try_offline_node(nid);
  yield* mem_hotplug_done();
}

export const v5_7 = {
  /** The refusal calls mem_hotplug_done without a begin (B06). */
  *try_remove_memory(this: Kernel, start: number, size: number): Steps<number> {
    yield* this.$check_removable_range(start, size);
    const { ret, nid } = yield* this.$check_memblocks_offlined(start, size);
    if (ret) yield* mem_hotplug_done();
    else yield* remove_offlined(this, start, size, nid, null);
    return ret;
  },
};

export const v5_10 = {
  *try_remove_memory(this: Kernel, start: number, size: number): Steps<number> {
    yield* this.$check_removable_range(start, size);
    const { ret, nid } = yield* this.$check_memblocks_offlined(start, size);
    if (ret === 0) yield* remove_offlined(this, start, size, nid, null);
    return ret;
  },

  *$sense_online_type(this: Kernel, id: number): Steps<number> {
    const section = yield* R('memory_block', id, 'start_section_nr');
    const pfn = section_nr_to_pfn(this.c, section);
    const found = yield* this.pfn_to_online_page(pfn);
    if (found === null) return MMOP_ONLINE_KERNEL;
    const page = yield* mapped_page(this, pfn, found, 'try_offline_memory_block');
    return page_zonenum(page) === this.c.ZONE_MOVABLE ? MMOP_ONLINE_MOVABLE : MMOP_ONLINE_KERNEL;
  },

  /**
   * Offlines block by block; after a refusal it onlines the blocks it had offlined, in the kind of zone they came from.
   */
  *offline_and_remove_memory(this: Kernel, start: number, size: number): Steps<number> {
    const block = this.c.memory_block_size_bytes;
    if (size === 0 || !IS_ALIGNED(start, block) || !IS_ALIGNED(size, block)) return -this.errno.EINVAL;
    if (yield* this.$should_fail('online_types')) return -this.errno.ENOMEM;
    yield* lock_device_hotplug();
    const online_types = new Map<number, number>();
    let rc = 0;
    for (const id of yield* this.walk_memory_blocks(start, size)) {
      const online_type = yield* this.$sense_online_type(id);
      rc = yield* this.device_offline(id);
      if (rc < 0) break;
      online_types.set(id, rc === 0 ? online_type : MMOP_OFFLINE);
      rc = 0;
    }
    if (rc === 0) {
      rc = yield* this.try_remove_memory(start, size);
      if (rc) yield* pr_err(`offline_and_remove_memory: Failed to remove memory: ${rc}`);
    }
    if (rc) {
      for (const [id, online_type] of online_types) {
        if (online_type === MMOP_OFFLINE) continue;
        yield* W('memory_block', id, 'online_type', online_type);
        const err = yield* this.device_online(id);
        if (err < 0) yield* pr_warn(`try_reonline_memory_block: Failed to re-online memory: ${err}`);
      }
    }
    yield* unlock_device_hotplug();
    return rc;
  },
};

export const v6_1 = {
  *$nr_vmemmap_pages_of(this: Kernel, start: number, size: number): Steps<number> {
    for (const id of yield* this.walk_memory_blocks(start, size)) {
      const pages = yield* R('memory_block', id, 'nr_vmemmap_pages');
      if (pages) return pages;
    }
    return 0;
  },

  *try_remove_memory(this: Kernel, start: number, size: number): Steps<number> {
    yield* this.$check_removable_range(start, size);
    const { ret, nid } = yield* this.$check_memblocks_offlined(start, size);
    if (ret) return ret;
    const pages = this.c.memmap_on_memory ? yield* this.$nr_vmemmap_pages_of(start, size) : 0;
    if (pages && size !== this.c.memory_block_size_bytes) {
      yield* pr_warn(`Refuse to remove ${hex(start)} - ${hex(start + size)},wrong granularity`);
      return -this.errno.EINVAL;
    }
    const altmap = pages
      ? { base_pfn: PFN_DOWN(this.c, start), reserve: 0, free: 0, align: 0, alloc: pages }
      : null;
    yield* remove_offlined(this, start, size, nid, altmap);
    return 0;
  },
};

/** The altmap of a block, all of which is in use. */
const altmap_of = (k: Kernel, start: number, pages: number): vmem_altmap => ({
  base_pfn: PFN_DOWN(k.c, start),
  reserve: 0,
  free: pages,
  align: 0,
  alloc: pages,
});

export const v6_6 = {
  /** The altmap is the block's own. */
  *try_remove_memory(this: Kernel, start: number, size: number): Steps<number> {
    yield* this.$check_removable_range(start, size);
    const { ret, nid } = yield* this.$check_memblocks_offlined(start, size);
    if (ret) return ret;
    const pages = this.c.memmap_on_memory ? yield* this.$nr_vmemmap_pages_of(start, size) : 0;
    if (pages && size !== this.c.memory_block_size_bytes) {
      yield* pr_warn(`Refuse to remove ${hex(start)} - ${hex(start + size)},wrong granularity`);
      return -this.errno.EINVAL;
    }
    const altmap = pages ? altmap_of(this, start, pages) : null;
    yield* remove_offlined(this, start, size, nid, altmap);
    if (altmap?.alloc) yield* this.WARN('try_remove_memory', 'Altmap not fully unmapped');
    return 0;
  },
};

export const v6_8 = {
  /** Removes one block with a self-hosted memmap, of which the look-up takes a reference. */
  *$remove_block_and_altmap(this: Kernel, start: number): Steps<void> {
    const block = this.c.memory_block_size_bytes;
    const id = start / block;
    yield* this.find_memory_block_by_id(id);
    const pages = yield* R('memory_block', id, 'nr_vmemmap_pages');
    yield* this.$altmap_taken(id);
    yield* this.remove_memory_block_devices(start, block);
    const altmap = altmap_of(this, start, pages);
    yield* this.arch_remove_memory(start, block, altmap);
    if (altmap.alloc) yield* this.WARN('remove_memory_blocks_and_altmaps', 'Altmap not fully unmapped');
  },

  /** The reference is never dropped. */
  *$altmap_taken(this: Kernel, _id: number): Steps<void> {},

  /** Blocks with and without a self-hosted memmap cannot be removed together. */
  *try_remove_memory(this: Kernel, start: number, size: number): Steps<number> {
    yield* this.$check_removable_range(start, size);
    const { ret, nid } = yield* this.$check_memblocks_offlined(start, size);
    if (ret) return ret;
    yield* this.firmware_map_remove(start, size);
    yield* mem_hotplug_begin();
    const ids = yield* this.walk_memory_blocks(start, size);
    let with_altmap = 0;
    for (const id of this.c.memmap_on_memory ? ids : []) {
      if (yield* R('memory_block', id, 'nr_vmemmap_pages')) with_altmap++;
    }
    if (with_altmap && with_altmap !== size / this.c.memory_block_size_bytes) {
      yield* this.WARN('memory_blocks_have_altmaps');
      yield* mem_hotplug_done();
      return -this.errno.EINVAL;
    }
    if (with_altmap) {
      const block = this.c.memory_block_size_bytes;
      for (let at = start; at < start + size; at += block) yield* this.$remove_block_and_altmap(at);
    } else {
      yield* this.remove_memory_block_devices(start, size);
      yield* this.arch_remove_memory(start, size, null);
    }
    yield* this.$memblock_drop(start, size);
    yield* this.release_mem_region_adjustable(start, size);
    if (nid !== NUMA_NO_NODE) yield* this.try_offline_node(nid);
    yield* mem_hotplug_done();
    return 0;
  },
};

export const v6_12 = {
  /** 93866f55f7e2 (in 6.12.92). */
  *$altmap_taken(this: Kernel, id: number): Steps<void> {
    yield* this.$put_memory_block(id);
  },

  *$memblock_drop(this: Kernel, start: number, size: number): Steps<void> {
    if (this.c.ARCH_KEEP_MEMBLOCK) yield* this.memblock_remove(start, size);
  },
};

/** The stub of kernels without CONFIG_MEMORY_HOTREMOVE. */
export const without_hotremove = { *__remove_memory(this: Kernel): Steps<void> {} };
