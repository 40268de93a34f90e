import type { Steps } from '../../../steps/step.ts';
import { NotModelled } from '../../kernel/runtime.ts';
import type { Kernel, vmem_altmap } from '../../kernel.ts';
import {
  lock_device_hotplug,
  mem_hotplug_begin,
  mem_hotplug_done,
  unlock_device_hotplug,
} from '../../locks.ts';
import { exists, pr_err, pr_warn, R, W } from '../../ops.ts';
import { hex, IS_ALIGNED, PFN_DOWN, PFN_PHYS } from '../../pfn.ts';
import { IORESOURCE_SYSRAM_DRIVER_MANAGED, IORESOURCE_SYSTEM_RAM, MMOP_OFFLINE } from '../../state.ts';
import { MEMBLOCK_DRIVER_MANAGED, MEMBLOCK_NONE } from '../memblock/memblock.ts';
import { nr_vmemmap } from '../memmap.ts';

/** mm/memory_hotplug.c: from add_memory() to online blocks. */

export const MHP_NONE = 0;
export const MHP_MERGE_RESOURCE = 1;
export const MHP_MEMMAP_ON_MEMORY = 2;
export const MHP_NID_IS_MGID = 4;

const SYSTEM_RAM = 'System RAM';

export const v5_2 = {
  *register_memory_resource(this: Kernel, start: number, size: number, name: string): Steps<number> {
    if (start + size > this.c.max_mem_size) return -this.errno.E2BIG;
    const managed = name === SYSTEM_RAM ? 0 : IORESOURCE_SYSRAM_DRIVER_MANAGED;
    if (yield* this.__request_region(start, size, name, IORESOURCE_SYSTEM_RAM | managed)) return 0;
    const text = `Unable to reserve System RAM region: ${llx(start)}->${llx(start + size)}`;
    yield* this.pr_debug('mm/memory_hotplug.c', text);
    return -this.errno.EEXIST;
  },

  *check_hotplug_memory_range(this: Kernel, start: number, size: number): Steps<number> {
    const block = this.c.memory_block_size_bytes;
    if (size > 0 && IS_ALIGNED(start, block) && IS_ALIGNED(size, block)) return 0;
    yield* pr_err(
      `Block size [${hex(block)}] unaligned hotplug range: start ${hex(start)}, size ${hex(size)}`,
    );
    return -this.errno.EINVAL;
  },

  /** Onlines every block of the range; stops at the first refusal. */
  *$online_memory_blocks(this: Kernel, start: number, size: number): Steps<void> {
    const online_type = yield* R('vars', 0, 'mhp_default_online_type');
    if (online_type === MMOP_OFFLINE) return;
    for (const id of yield* this.walk_memory_blocks(start, size)) {
      yield* W('memory_block', id, 'online_type', online_type);
      if (yield* this.device_online(id)) return;
    }
  },

  /** The result of memblock_add_node is ignored until v5.15 (B78). */
  *$memblock_add_hotplug(
    this: Kernel,
    start: number,
    size: number,
    nid: number,
    flags: number,
  ): Steps<number> {
    if (this.c.ARCH_KEEP_MEMBLOCK) yield* this.memblock_add_node(start, size, nid, flags);
    return 0;
  },

  *$memblock_undo_hotplug(this: Kernel, start: number, size: number): Steps<void> {
    if (this.c.ARCH_KEEP_MEMBLOCK) yield* this.memblock_remove(start, size);
  },

  *add_memory_resource(
    this: Kernel,
    nid: number,
    start: number,
    size: number,
    name: string,
    _flags: number,
  ): Steps<number> {
    let ret = yield* this.check_hotplug_memory_range(start, size);
    if (ret) return ret;
    if (!(yield* exists('pgdat', nid))) return yield* this.$impossible_node(nid);
    yield* mem_hotplug_begin();
    yield* this.$memblock_add_hotplug(start, size, nid, MEMBLOCK_NONE);
    ret = yield* this.__try_online_node(nid);
    const new_node = ret > 0;
    if (ret >= 0)
      ret = yield* this.arch_add_memory(nid, start, size, {
        altmap: null,
        pgmap: 0,
        pgprot: this.c.pgprot.MHP,
      });
    if (ret >= 0) {
      ret = yield* this.create_memory_block_devices(start, size, 0, 0);
      if (ret) yield* this.arch_remove_memory(start, size, null);
    }
    if (ret < 0) {
      yield* this.$memblock_undo_hotplug(start, size);
      yield* mem_hotplug_done();
      return ret;
    }
    if (new_node) {
      yield* W('pgdat', nid, 'online', true);
      if (yield* this.__register_one_node(nid)) yield* this.BUG('add_memory_resource');
    }
    ret = yield* this.link_mem_sections(nid, PFN_DOWN(this.c, start), PFN_DOWN(this.c, start + size));
    if (ret) yield* this.BUG('add_memory_resource');
    if (name === SYSTEM_RAM) yield* this.firmware_map_add_hotplug(start, size);
    yield* mem_hotplug_done();
    yield* this.$online_memory_blocks(start, size);
    return 0;
  },

  /** Before v5.10 no check rejects a node that cannot exist; the consequences are not modelled. */
  *$impossible_node(this: Kernel, nid: number): Steps<number> {
    throw new NotModelled(`${this.release} does not check that node ${nid} can exist`);
  },

  *__add_memory(this: Kernel, nid: number, start: number, size: number, flags: number): Steps<number> {
    let ret = yield* this.register_memory_resource(start, size, SYSTEM_RAM);
    if (ret) return ret;
    ret = yield* this.add_memory_resource(nid, start, size, SYSTEM_RAM, flags);
    if (ret < 0) yield* this.release_resource(start, size);
    return ret;
  },

  *add_memory(this: Kernel, nid: number, start: number, size: number, flags: number): Steps<number> {
    yield* lock_device_hotplug();
    const ret = yield* this.__add_memory(nid, start, size, flags);
    yield* unlock_device_hotplug();
    return ret;
  },
};

/** %016llx */
const llx = (n: number): string => n.toString(16).padStart(16, '0');

export const v5_10 = {
  *$impossible_node(this: Kernel, nid: number): Steps<number> {
    yield* this.WARN('add_memory_resource', `node ${nid} was absent from the node_possible_map`, {
      message: 'node was absent from the node_possible_map',
      node: nid,
    });
    return -this.errno.EINVAL;
  },

  /** v5.8+. */
  *add_memory_driver_managed(
    this: Kernel,
    nid: number,
    start: number,
    size: number,
    name: string,
    flags: number,
  ): Steps<number> {
    if (!name.startsWith('System RAM (') || !name.endsWith(')')) return -this.errno.EINVAL;
    yield* lock_device_hotplug();
    let ret = yield* this.register_memory_resource(start, size, name);
    if (ret === 0) {
      ret = yield* this.add_memory_resource(nid, start, size, name, flags);
      if (ret < 0) yield* this.release_resource(start, size);
    }
    yield* unlock_device_hotplug();
    return ret;
  },
};

export const v6_1 = {
  /** v5.12+: the range of the linear map, or, without a linear mapping, of the memmap; prints the refusal. */
  *mhp_range_allowed(this: Kernel, start: number, size: number, need_mapping = true): Steps<boolean> {
    const range = need_mapping ? this.c.mappable_range : { start: 0, end: 2 ** this.c.MAX_PHYSMEM_BITS - 1 };
    const end = start + size;
    if (start < end && start >= range.start && end - 1 <= range.end) return true;
    yield* pr_warn(
      `Hotplug memory [${hex(start)}-${hex(end)}] exceeds maximum addressable range [${hex(range.start)}-${hex(range.end)}]`,
    );
    return false;
  },

  *register_memory_resource(this: Kernel, start: number, size: number, name: string): Steps<number> {
    if (!(yield* this.mhp_range_allowed(start, size))) return -this.errno.E2BIG;
    return yield* v5_2.register_memory_resource.call(this, start, size, name);
  },

  *$memblock_add_hotplug(
    this: Kernel,
    start: number,
    size: number,
    nid: number,
    flags: number,
  ): Steps<number> {
    if (!this.c.ARCH_KEEP_MEMBLOCK) return 0;
    return yield* this.memblock_add_node(start, size, nid, flags);
  },

  /** v5.14..v6.5: exactly one memory block, a vmemmap of whole PMDs, the rest whole pageblocks. */
  mhp_supports_memmap_on_memory(this: Kernel, size: number): boolean {
    const vmemmap_size = PFN_PHYS(this.c, nr_vmemmap(this, size / this.c.PAGE_SIZE));
    return (
      this.c.memmap_on_memory &&
      size === this.c.memory_block_size_bytes &&
      IS_ALIGNED(vmemmap_size, this.c.PMD_SIZE) &&
      IS_ALIGNED(size - vmemmap_size, this.c.pageblock_nr_pages * this.c.PAGE_SIZE)
    );
  },

  *add_memory_resource(
    this: Kernel,
    nid_or_mgid: number,
    start: number,
    size: number,
    name: string,
    flags: number,
  ): Steps<number> {
    let ret = yield* this.check_hotplug_memory_range(start, size);
    if (ret) return ret;
    const group = flags & MHP_NID_IS_MGID ? nid_or_mgid : 0;
    if (group && !(yield* exists('memory_group', group))) return -this.errno.EINVAL;
    const nid = group ? yield* R('memory_group', group, 'nid') : nid_or_mgid;
    if (!(yield* exists('pgdat', nid))) return yield* this.$impossible_node(nid);
    yield* mem_hotplug_begin();
    const managed = name === SYSTEM_RAM ? MEMBLOCK_NONE : MEMBLOCK_DRIVER_MANAGED;
    ret = yield* this.$memblock_add_hotplug(start, size, nid, managed);
    if (ret) {
      yield* mem_hotplug_done();
      return ret;
    }
    ret = yield* this.$add_to_node(nid, start, size, flags, group);
    if (ret < 0) {
      yield* this.$memblock_undo_hotplug(start, size);
      yield* mem_hotplug_done();
      return ret;
    }
    yield* this.link_mem_sections(nid, PFN_DOWN(this.c, start), PFN_DOWN(this.c, start + size));
    if (name === SYSTEM_RAM) yield* this.firmware_map_add_hotplug(start, size);
    yield* mem_hotplug_done();
    if (flags & MHP_MERGE_RESOURCE) yield* this.merge_system_ram_resource(start);
    yield* this.$online_memory_blocks(start, size);
    return 0;
  },

  /** The node is online before the memory is added; its device is registered last, and that must succeed. */
  *$add_to_node(
    this: Kernel,
    nid: number,
    start: number,
    size: number,
    flags: number,
    group: number,
  ): Steps<number> {
    const new_node = yield* this.__try_online_node(nid);
    if (new_node < 0) return new_node;
    const ret = yield* this.$add_sections_and_blocks(nid, start, size, flags, group);
    if (ret === 0 && new_node) {
      yield* W('pgdat', nid, 'online', true);
      if (yield* this.__register_one_node(nid)) yield* this.BUG('add_memory_resource');
    }
    return ret;
  },

  /** arch_add_memory and the block devices, with the memmap in the range itself if requested. */
  *$add_sections_and_blocks(
    this: Kernel,
    nid: number,
    start: number,
    size: number,
    flags: number,
    group: number,
  ): Steps<number> {
    let altmap: vmem_altmap | null = null;
    if (flags & MHP_MEMMAP_ON_MEMORY) {
      if (!this.mhp_supports_memmap_on_memory(size)) return -this.errno.EINVAL;
      altmap = new_altmap(this, start, size / this.c.PAGE_SIZE);
    }
    let ret = yield* this.arch_add_memory(nid, start, size, { altmap, pgmap: 0, pgprot: this.c.pgprot.MHP });
    if (ret < 0) return ret;
    ret = yield* this.create_memory_block_devices(start, size, altmap?.alloc ?? 0, group);
    if (ret) yield* this.arch_remove_memory(start, size, altmap);
    return ret;
  },
};

export const new_altmap = (k: Kernel, start: number, free: number): vmem_altmap => ({
  base_pfn: PFN_DOWN(k.c, start),
  reserve: 0,
  free,
  align: 0,
  alloc: 0,
});

export const v6_6 = {
  /** One memory block; a memmap that leaves whole pageblocks. Another range is added without. */
  mhp_supports_memmap_on_memory(this: Kernel, size: number): boolean {
    return size === this.c.memory_block_size_bytes && v6_8.mhp_supports_memmap_on_memory.call(this, size);
  },

  *$add_sections_and_blocks(
    this: Kernel,
    nid: number,
    start: number,
    size: number,
    flags: number,
    group: number,
  ): Steps<number> {
    const on_memory = (flags & MHP_MEMMAP_ON_MEMORY) !== 0 && this.mhp_supports_memmap_on_memory(size);
    if (!on_memory) return yield* v6_1.$add_sections_and_blocks.call(this, nid, start, size, MHP_NONE, group);
    return yield* add_block_with_altmap(this, nid, start, group);
  },

  /** The block could not be made: its sections go. v6.6.87 has f42ce5f087eb. */
  *$undo_with_altmap(this: Kernel, start: number, size: number, altmap: vmem_altmap): Steps<void> {
    yield* this.arch_remove_memory(start, size, altmap);
  },
};

/** A memory block with its memmap in itself. */
function* add_block_with_altmap(k: Kernel, nid: number, start: number, group: number): Steps<number> {
  const block = k.c.memory_block_size_bytes;
  const altmap = new_altmap(k, start, nr_vmemmap(k, block / k.c.PAGE_SIZE));
  let ret = yield* k.arch_add_memory(nid, start, block, { altmap, pgmap: 0, pgprot: k.c.pgprot.MHP });
  if (ret < 0) return ret;
  ret = yield* k.create_memory_block_devices(start, block, altmap.free, group);
  if (ret) yield* k.$undo_with_altmap(start, block, altmap);
  return ret;
}

export const v6_8 = {
  /** Any number of whole blocks, each with its own altmap. */
  mhp_supports_memmap_on_memory(this: Kernel, _size: number): boolean {
    const block = this.c.memory_block_size_bytes;
    const vmemmap_size = PFN_PHYS(this.c, nr_vmemmap(this, block / this.c.PAGE_SIZE));
    return (
      this.c.memmap_on_memory &&
      IS_ALIGNED(vmemmap_size, this.c.PMD_SIZE) &&
      IS_ALIGNED(vmemmap_size, this.c.pageblock_nr_pages * this.c.PAGE_SIZE) &&
      vmemmap_size !== block
    );
  },

  *$add_sections_and_blocks(
    this: Kernel,
    nid: number,
    start: number,
    size: number,
    flags: number,
    group: number,
  ): Steps<number> {
    if (!(flags & MHP_MEMMAP_ON_MEMORY) || !this.mhp_supports_memmap_on_memory(size)) {
      return yield* v6_1.$add_sections_and_blocks.call(this, nid, start, size, MHP_NONE, group);
    }
    const block = this.c.memory_block_size_bytes;
    for (let at = start; at < start + size; at += block) {
      const ret = yield* add_block_with_altmap(this, nid, at, group);
      if (ret < 0) {
        for (let done = start; done < at; done += block) yield* this.$remove_block_and_altmap(done);
        return ret;
      }
    }
    return 0;
  },

  /** Without the altmap, from which the memmap came (B77). */
  *$undo_with_altmap(this: Kernel, start: number, size: number, _altmap: vmem_altmap): Steps<void> {
    yield* this.arch_remove_memory(start, size, null);
  },
};

export const v6_18 = {
  /** The node device is registered first and unregistered if the memory cannot be added. */
  *$add_to_node(
    this: Kernel,
    nid: number,
    start: number,
    size: number,
    flags: number,
    group: number,
  ): Steps<number> {
    const new_node = yield* this.__try_online_node(nid);
    if (new_node < 0) return new_node;
    if (new_node) {
      yield* W('pgdat', nid, 'online', true);
      const err = yield* this.__register_one_node(nid);
      if (err) {
        yield* this.WARN('add_memory_resource');
        yield* W('pgdat', nid, 'online', false);
        return err;
      }
    }
    const ret = yield* this.$add_sections_and_blocks(nid, start, size, flags, group);
    if (ret < 0 && new_node) {
      yield* W('pgdat', nid, 'online', false);
      yield* this.unregister_one_node(nid);
    }
    return ret;
  },
};
