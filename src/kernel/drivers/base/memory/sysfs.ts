import type { Steps } from '../../../../steps/step.ts';
import type { Kernel } from '../../../kernel.ts';
import { kstrtoul } from '../../../lib/kstrtox.ts';
import { sysfs_streq } from '../../../lib/string.ts';
import { lock_device_hotplug_sysfs, unlock_device_hotplug } from '../../../locks.ts';
import { R, W } from '../../../ops.ts';
import { hexpad, pages_per_block } from '../../../pfn.ts';
import {
  MEM_GOING_OFFLINE,
  MEM_OFFLINE,
  MEM_ONLINE,
  MMOP_OFFLINE,
  MMOP_ONLINE,
  MMOP_ONLINE_KERNEL,
  MMOP_ONLINE_MOVABLE,
  zone_idx,
} from '../../../state.ts';

/** drivers/base/memory.c: the files of /sys/devices/system/memory, read and written. */

const online_types: readonly string[] = ['offline', 'online', 'online_kernel', 'online_movable'];

const states: Readonly<Record<number, string>> = {
  [MEM_ONLINE]: 'online',
  [MEM_OFFLINE]: 'offline',
  [MEM_GOING_OFFLINE]: 'going-offline',
};

export const v5_2 = {
  /** memoryX/state. A request for the state that the device already has returns -EINVAL here. */
  *state_store(this: Kernel, id: number, text: string): Steps<number> {
    const online_type = online_types.findIndex((name) => sysfs_streq(text, name));
    if (online_type < 0) return -this.errno.EINVAL;
    if (!(yield* lock_device_hotplug_sysfs())) return -this.errno.ERESTARTNOINTR;
    let ret: number;
    if (online_type === MMOP_OFFLINE) {
      ret = yield* this.device_offline(id);
    } else {
      yield* W('memory_block', id, 'online_type', online_type);
      ret = yield* this.device_online(id);
    }
    yield* unlock_device_hotplug();
    return ret > 0 ? -this.errno.EINVAL : ret;
  },

  /** v5.2..v5.4 accept only online and offline. */
  *auto_online_blocks_store(this: Kernel, text: string): Steps<number> {
    const type = online_types.findIndex((name) => sysfs_streq(text, name));
    if (type !== MMOP_OFFLINE && type !== MMOP_ONLINE) return -this.errno.EINVAL;
    yield* W('vars', 0, 'mhp_default_online_type', type);
    return 0;
  },

  *auto_online_blocks_show(this: Kernel): Steps<string> {
    return `${online_types[yield* R('vars', 0, 'mhp_default_online_type')]}\n`;
  },

  /** With CONFIG_ARCH_MEMORY_PROBE: adds the block that begins at this address. */
  *probe_store(this: Kernel, text: string): Steps<number> {
    const phys_addr = kstrtoul(text);
    const size = this.c.memory_block_size_bytes;
    if (phys_addr === null || phys_addr % size) return -this.errno.EINVAL;
    if (!(yield* lock_device_hotplug_sysfs())) return -this.errno.ERESTARTNOINTR;
    const nid = yield* this.memory_add_physaddr_to_nid(phys_addr);
    const ret = yield* this.__add_memory(nid, phys_addr, size, 0);
    yield* unlock_device_hotplug();
    return ret;
  },

  /** The number is a physical address. */
  *hard_offline_page_store(this: Kernel, text: string): Steps<number> {
    const address = kstrtoul(text);
    if (address === null) return -this.errno.EINVAL;
    return yield* this.memory_failure(Math.floor(address / this.c.PAGE_SIZE), 0);
  },

  *soft_offline_page_store(this: Kernel, text: string): Steps<number> {
    const address = kstrtoul(text);
    if (address === null) return -this.errno.EINVAL;
    return yield* this.soft_offline_page(Math.floor(address / this.c.PAGE_SIZE), 0);
  },

  block_size_bytes_show(this: Kernel): string {
    return `${hexpad(this.c.memory_block_size_bytes, 1)}\n`;
  },

  phys_index_show(this: Kernel, id: number): string {
    return `${hexpad(id, 8)}\n`;
  },

  phys_device_show(this: Kernel): string {
    return '0\n';
  },

  /** v5.2..v5.4: whether isolation would find an unmovable page; 1 for a block that is not online. */
  *removable_show(this: Kernel, id: number): Steps<string> {
    if ((yield* R('memory_block', id, 'state')) !== MEM_ONLINE) return '1\n';
    const pfn = yield* this.$first_pfn(id);
    const movable = yield* this.$is_range_removable(pfn, pfn + pages_per_block(this.c));
    return movable ? '1\n' : '0\n';
  },

  *state_show(this: Kernel, id: number): Steps<string> {
    return `${states[yield* R('memory_block', id, 'state')]}\n`;
  },

  /** The zone of an online block, -1 if it has none or several. */
  *$zone_of_online_block(this: Kernel, id: number): Steps<number> {
    const pfn = yield* this.$first_pfn(id);
    return yield* this.test_pages_in_a_zone(pfn, pfn + pages_per_block(this.c));
  },

  *valid_zones_show(this: Kernel, id: number): Steps<string> {
    const name = (zone: number): string => this.c.zones[zone_idx(zone)]!;
    if ((yield* R('memory_block', id, 'state')) === MEM_ONLINE) {
      const zone = yield* this.$zone_of_online_block(id);
      return zone < 0 ? 'none\n' : `${name(zone)}\n`;
    }
    const pfn = yield* this.$first_pfn(id);
    const nr_pages = pages_per_block(this.c);
    const nid = yield* R('memory_block', id, 'nid');
    // a BUG before the block got its node: the kernel reads beyond the array of nodes
    if (nid < 0) return '';
    const group = yield* R('memory_block', id, 'group');
    const default_zone = yield* this.zone_for_pfn_range(MMOP_ONLINE, nid, group, pfn, nr_pages);
    const words = [name(default_zone)];
    for (const type of [MMOP_ONLINE_KERNEL, MMOP_ONLINE_MOVABLE]) {
      const zone = yield* this.zone_for_pfn_range(type, nid, group, pfn, nr_pages);
      if (zone !== default_zone) words.push(name(zone));
    }
    return `${words.join(' ')}\n`;
  },
};

export const v5_7 = {
  *auto_online_blocks_store(this: Kernel, text: string): Steps<number> {
    const type = online_types.findIndex((name) => sysfs_streq(text, name));
    if (type < 0) return -this.errno.EINVAL;
    yield* W('vars', 0, 'mhp_default_online_type', type);
    return 0;
  },

  /** A constant since v5.7: whether the kernel has CONFIG_MEMORY_HOTREMOVE. */
  *removable_show(this: Kernel, _id: number): Steps<string> {
    return this.c.MEMORY_HOTREMOVE ? '1\n' : '0\n';
  },
};

export const v6_1 = {
  *$zone_of_online_block(this: Kernel, id: number): Steps<number> {
    return yield* R('memory_block', id, 'zone');
  },
};
