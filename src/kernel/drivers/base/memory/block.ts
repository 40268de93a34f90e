import type { Steps } from '../../../../steps/step.ts';
import type { Config } from '../../../config.ts';
import type { Kernel } from '../../../kernel.ts';
import { kernfs_drained } from '../../../locks.ts';
import { add, alloc, change, exists, free, lock, look, operation, R, unlock, W } from '../../../ops.ts';
import { block_ids, memory_block_id, pfn_to_section_nr } from '../../../pfn.ts';
import { MEM_OFFLINE, MMOP_OFFLINE, type memory_block, NUMA_NO_NODE, type State } from '../../../state.ts';

/** drivers/base/memory.c: memory block devices are created and removed. */

export const new_memory_block = (k: Kernel, id: number, nid: number): memory_block => ({
  start_section_nr: id * k.c.sections_per_block,
  section_count: 0,
  state: MEM_OFFLINE,
  online_type: MMOP_OFFLINE,
  nid,
  zone: -1,
  group: 0,
  nr_vmemmap_pages: 0,
  nr_hwpoison: 0,
  offline: true,
  links: [],
});

/** A device that is unregistered detaches from its ACPI companion (acpi_device_notify_remove). */
const acpi_unbind_one = operation({
  name: 'acpi_unbind_one',
  obj: 'acpi_device',
  writes: true,
  tell: ([id]) => ({ kind: 'does', what: `acpi_unbind_one(&memory${id}->dev)` }),
  run(state: State, block: number): void {
    for (const device of state.acpi_device.values()) {
      if (device.physical_node_list.some((pn) => pn.block === block)) {
        device.physical_node_list = device.physical_node_list.filter((pn) => pn.block !== block);
      }
    }
  },
});

/** Ids of the blocks that exist in a range of bytes, ascending. */
const existing_blocks = operation({
  name: 'existing_blocks',
  obj: 'memory_block',
  writes: false,
  run(state: State, c: Config, start: number, size: number): number[] {
    const first = Math.floor(start / c.memory_block_size_bytes);
    const last = Math.floor((start + size - 1) / c.memory_block_size_bytes);
    if (last - first < state.memory_block.size) {
      return [...block_ids(c, start, size)].filter((id) => state.memory_block.has(id));
    }
    return [...state.memory_block.keys()].filter((id) => id >= first && id <= last).sort((a, b) => a - b);
  },
});

export const v5_2 = {
  /** The blocks that walk_memory_blocks visits: missing blocks are skipped silently. */
  *walk_memory_blocks(this: Kernel, start: number, size: number): Steps<readonly number[]> {
    return size === 0 ? [] : yield* look(existing_blocks, this.c, start, size);
  },

  *init_memory_block(
    this: Kernel,
    id: number,
    section_count: number,
    nr_vmemmap_pages: number,
    group: number,
  ): Steps<number> {
    if (yield* exists('memory_block', id)) return -this.errno.EEXIST;
    if (yield* this.$should_fail('memory_block')) return -this.errno.ENOMEM;
    const ret = yield* this.$store_memory_block(nr_vmemmap_pages);
    if (ret) return ret;
    const block = {
      ...new_memory_block(this, id, this.$new_block_nid()),
      section_count,
      nr_vmemmap_pages,
      group,
    };
    if (!(yield* alloc('memory_block', id, block))) return -this.errno.ENOMEM;
    if (group) yield* add('memory_group', group, 'nr_blocks', 1);
    return 0;
  },

  /** Before v5.8 blocks are found on the bus and stored nowhere else. */
  *$store_memory_block(this: Kernel, _nr_vmemmap_pages: number): Steps<number> {
    return 0;
  },

  /** v5.2, v5.3: kzalloc leaves nid 0 until the links are made. */
  $new_block_nid(this: Kernel): number {
    return 0;
  },

  *remove_memory_block(this: Kernel, id: number): Steps<void> {
    const group = yield* R('memory_block', id, 'group');
    const nid = yield* R('memory_block', id, 'nid');
    if (group) yield* add('memory_group', group, 'nr_blocks', -1);
    yield* change(acpi_unbind_one, id);
    yield* this.$kernfs_drain(id);
    yield* free('memory_block', id);
    yield* kernfs_drained(id);
    if (nid !== NUMA_NO_NODE) yield* add('pgdat', nid, 'nr_blocks', -1);
  },

  /** Before v6.2 poisoned pages are no longer counted when their section goes. */
  *$uncount_poisoned(this: Kernel, _id: number): Steps<void> {},

  /** v5.2: called section by section; the block counts its sections. */
  *hotplug_memory_register(this: Kernel, nid: number, section_nr: number): Steps<number> {
    const id = memory_block_id(this.c, section_nr);
    yield* lock('mem_sysfs_mutex', 'mutex');
    let ret = 0;
    if (yield* exists('memory_block', id)) {
      yield* add('memory_block', id, 'section_count', 1);
    } else {
      ret = yield* this.init_memory_block(id, 1, 0, 0);
      if (ret === 0) {
        yield* W('memory_block', id, 'nid', nid);
        yield* add('pgdat', nid, 'nr_blocks', 1);
      }
    }
    yield* unlock('mem_sysfs_mutex', 'mutex');
    return ret;
  },

  *unregister_memory_section(this: Kernel, section_nr: number): Steps<void> {
    const id = memory_block_id(this.c, section_nr);
    yield* lock('mem_sysfs_mutex', 'mutex');
    if (yield* exists('memory_block', id)) {
      yield* this.unregister_mem_sect_under_nodes(id, section_nr);
      yield* add('memory_block', id, 'section_count', -1);
      if ((yield* R('memory_block', id, 'section_count')) === 0) yield* this.remove_memory_block(id);
    }
    yield* unlock('mem_sysfs_mutex', 'mutex');
  },

  /** V5.2 creates them section by section in __add_pages. */
  *create_memory_block_devices(
    this: Kernel,
    _start: number,
    _size: number,
    _nr_vmemmap_pages: number,
    _group: number,
  ): Steps<number> {
    return 0;
  },

  /** V5.2 removes them section by section in __remove_pages. */
  *remove_memory_block_devices(this: Kernel, _start: number, _size: number): Steps<void> {},
};

/** Creates all blocks of the range, or none: if one fails, those already created are removed. */
function* create_blocks(
  k: Kernel,
  start: number,
  size: number,
  vmemmap: number,
  group: number,
): Steps<number> {
  const made: number[] = [];
  for (const id of block_ids(k.c, start, size)) {
    const ret = yield* k.init_memory_block(id, k.c.sections_per_block, vmemmap, group);
    if (ret) {
      for (const undo of made) yield* k.remove_memory_block(undo);
      return ret;
    }
    made.push(id);
  }
  return 0;
}

function* remove_blocks(k: Kernel, start: number, size: number): Steps<void> {
  const blocks = yield* k.walk_memory_blocks(start, size);
  if (blocks.length < size / k.c.memory_block_size_bytes)
    yield* k.WARN_ON_ONCE('remove_memory_block_devices');
  for (const id of blocks) {
    yield* k.$uncount_poisoned(id);
    yield* k.unregister_memory_block_under_nodes(id);
    yield* k.remove_memory_block(id);
  }
}

export const v5_3 = {
  *create_memory_block_devices(
    this: Kernel,
    start: number,
    size: number,
    vmemmap: number,
    group: number,
  ): Steps<number> {
    yield* lock('mem_sysfs_mutex', 'mutex');
    const ret = yield* create_blocks(this, start, size, vmemmap, group);
    yield* unlock('mem_sysfs_mutex', 'mutex');
    return ret;
  },

  *remove_memory_block_devices(this: Kernel, start: number, size: number): Steps<void> {
    yield* lock('mem_sysfs_mutex', 'mutex');
    yield* remove_blocks(this, start, size);
    yield* unlock('mem_sysfs_mutex', 'mutex');
  },
};

export const v5_4 = {
  $new_block_nid(this: Kernel): number {
    return NUMA_NO_NODE;
  },
};

export const v5_7 = {
  /** No mutex any more: device_hotplug_lock is sufficient. */
  *create_memory_block_devices(
    this: Kernel,
    start: number,
    size: number,
    vmemmap: number,
    group: number,
  ): Steps<number> {
    return yield* create_blocks(this, start, size, vmemmap, group);
  },

  *remove_memory_block_devices(this: Kernel, start: number, size: number): Steps<void> {
    yield* remove_blocks(this, start, size);
  },
};

/** v5.8 stores blocks by id. A block that cannot be stored is unregistered. */
function* store_memory_block(k: Kernel): Steps<number> {
  return (yield* k.$should_fail('xa_store')) ? -k.errno.ENOMEM : 0;
}

export const v5_8 = {
  *$store_memory_block(this: Kernel, _nr_vmemmap_pages: number): Steps<number> {
    return yield* store_memory_block(this);
  },
};

const get_memory_block = operation({
  name: 'get_memory_block',
  obj: 'vars',
  writes: true,
  tell: ([id]) => ({ kind: 'does', what: `get_device(&memory${id}->dev)` }),
  run(state: State, id: number): void {
    const vars = state.vars.get(0)!;
    vars.block_references = [...vars.block_references, id];
  },
});

const put_memory_block = operation({
  name: 'put_memory_block',
  obj: 'vars',
  writes: true,
  tell: ([id]) => ({ kind: 'does', what: `put_device(&memory${id}->dev)` }),
  run(state: State, id: number): void {
    const vars = state.vars.get(0)!;
    const at = vars.block_references.indexOf(id);
    vars.block_references = vars.block_references.filter((_, i) => i !== at);
  },
});

export const v6_2 = {
  /** With a reference; false for a block that does not exist. */
  *find_memory_block_by_id(this: Kernel, id: number): Steps<boolean> {
    if (!(yield* exists('memory_block', id))) return false;
    yield* change(get_memory_block, id);
    return true;
  },

  /** Nobody drops the reference. */
  *memblk_nr_poison_inc(this: Kernel, pfn: number): Steps<void> {
    const id = memory_block_id(this.c, pfn_to_section_nr(this.c, pfn));
    if (yield* this.find_memory_block_by_id(id)) yield* add('memory_block', id, 'nr_hwpoison', 1);
  },

  *$put_memory_block(this: Kernel, id: number): Steps<void> {
    yield* change(put_memory_block, id);
  },

  /** v6.2: poisoned pages of a block are no longer counted when it goes. */
  *$uncount_poisoned(this: Kernel, id: number): Steps<void> {
    const poisoned = yield* R('memory_block', id, 'nr_hwpoison');
    if (poisoned) yield* add('vars', 0, 'num_poisoned_pages', -poisoned);
  },
};

export const v6_6 = {
  /** A block that has an altmap and cannot be stored is released with it. */
  *$store_memory_block(this: Kernel, nr_vmemmap_pages: number): Steps<number> {
    const ret = yield* store_memory_block(this);
    if (ret && nr_vmemmap_pages) yield* this.WARN('memory_block_release');
    return ret;
  },
};

/** 03a2cc1756a0 (in 6.12.92). */
export const v6_12 = {
  *memblk_nr_poison_inc(this: Kernel, pfn: number): Steps<void> {
    const id = memory_block_id(this.c, pfn_to_section_nr(this.c, pfn));
    if (!(yield* this.find_memory_block_by_id(id))) return;
    yield* add('memory_block', id, 'nr_hwpoison', 1);
    yield* this.$put_memory_block(id);
  },

  /** a2b8d7827f48 (in 6.12.95): the block gets its altmap when it is stored. */
  *$store_memory_block(this: Kernel, _nr_vmemmap_pages: number): Steps<number> {
    return yield* store_memory_block(this);
  },
};
