import type { Steps } from '../../../../steps/step.ts';
import type { Kernel } from '../../../kernel.ts';
import { MHP_MERGE_RESOURCE, MHP_NID_IS_MGID } from '../../../mm/memory_hotplug/add_memory.ts';
import * as online_pages from '../../../mm/memory_hotplug/online_pages.ts';
import { access_pages } from '../../../mm/page_access.ts';
import { change, look, operation, pr_err, pr_info, pr_warn, R, W } from '../../../ops.ts';
import { hex, PFN_DOWN } from '../../../pfn.ts';
import { IORESOURCE_SYSTEM_RAM, type State, type virtio_mem } from '../../../state.ts';
import {
  device_at,
  forget_plugged,
  give_pages,
  offline_size,
  set_added,
  set_offline,
  set_plugged,
  sub_block_plugged,
  take_pages,
  units_of,
} from './units.ts';

/**
 * drivers/virtio/virtio_mem.c. In sub-block mode a memory block may be partly plugged; the rest of it is PageOffline.
 * In big block mode only whole big blocks are plugged. A unit is the amount added at once, a sub-block the amount
 * plugged at once; in big block mode they are equal.
 */

const RESOURCE_NAME = 'System RAM (virtio_mem)';

/** What never changes of a device. */
const description = operation({
  name: 'description',
  obj: 'virtio_mem',
  writes: false,
  run: (state: State, vm: number): Pick<virtio_mem, 'addr' | 'region_size' | 'nid' | 'device_block_size'> => {
    const { addr, region_size, nid, device_block_size } = state.virtio_mem.get(vm)!;
    return { addr, region_size, nid, device_block_size };
  },
});

function* info(vm: number, text: string): Steps<void> {
  yield* pr_info(`virtio_mem virtio${vm}: ${text}`);
}

/** Plugs or unplugs what the host asks for beyond what is plugged. */
function* change_plugged(k: Kernel, vm: number): Steps<number> {
  const diff = (yield* R('virtio_mem', vm, 'requested_size')) - (yield* R('virtio_mem', vm, 'plugged_size'));
  const nb = Math.floor(Math.abs(diff) / (yield* R('virtio_mem', vm, 'sb_size')));
  if (nb === 0) return 0;
  return diff > 0 ? yield* k.virtio_mem_plug_request(vm, nb) : yield* k.virtio_mem_unplug_request(vm, nb);
}

export const v5_8 = {
  /** The size of a sub-block is the least that alloc_contig_range() can allocate: a buddy of the largest order. */
  $virtio_mem_sb_size(this: Kernel, device_block_size: number): number {
    return Math.max(device_block_size, this.c.PAGE_SIZE * 2 ** (this.c.MAX_ORDER - 1));
  },

  /** Big blocks came with v5.11; before, a memory block must contain at least two sub-blocks. */
  $virtio_mem_in_sbm(this: Kernel, _sb_size: number): boolean {
    return true;
  },

  /** At most ten memory blocks may be offline (5.10.7). */
  $virtio_mem_could_not_add(this: Kernel, offline: number, unit_size: number): boolean {
    return offline >= 10 * unit_size;
  },

  /** The last address of the device that can be used. */
  $virtio_mem_phys_limit(this: Kernel): number {
    return 2 ** this.c.MAX_PHYSMEM_BITS - 1;
  },

  *$virtio_mem_check_size(this: Kernel, name: string, device_block_size: number): Steps<number> {
    if (device_block_size <= this.c.memory_block_size_bytes) return 0;
    yield* pr_err(`virtio_mem ${name}: The block size is not supported (too big).`);
    return -this.errno.EINVAL;
  },

  /** Warns of the unusable part of a device; it has no other effect. */
  *$virtio_mem_warn(this: Kernel, name: string, addr: number, region_size: number): Steps<void> {
    const block = this.c.memory_block_size_bytes;
    const end = addr + region_size;
    const unusable = (what: string) => pr_warn(`virtio_mem ${name}: ${what} can make some memory unusable.`);
    if (addr % block !== 0) yield* unusable('The alignment of the physical start address');
    if (end % block !== 0) yield* unusable('The alignment of the physical end address');
    if (!this.$virtio_mem_addressable(addr, end - 1)) yield* unusable(this.$virtio_mem_not_addressable());
  },

  $virtio_mem_addressable(this: Kernel, _start: number, last: number): boolean {
    return last <= this.$virtio_mem_phys_limit();
  },

  $virtio_mem_not_addressable(this: Kernel): string {
    return 'Some memory is not addressable. This';
  },

  /** The mode of the device and the size of its units; what is unusual is said. */
  *virtio_mem_init(this: Kernel, vm: number): Steps<number> {
    const name = `virtio${vm}`;
    const { addr, region_size, device_block_size } = yield* look(description, vm);
    const too_big = yield* this.$virtio_mem_check_size(name, device_block_size);
    if (too_big) return too_big;
    yield* this.$virtio_mem_warn(name, addr, region_size);
    yield* this.$virtio_mem_set_mode(vm);
    yield* this.$virtio_mem_say_device(vm);
    yield* this.$virtio_mem_say_mode(vm);
    yield* info(vm, `nid: ${yield* R('virtio_mem', vm, 'nid')}`);
    return 0;
  },

  *$virtio_mem_set_mode(this: Kernel, vm: number): Steps<void> {
    const block = this.c.memory_block_size_bytes;
    const device_block_size = yield* R('virtio_mem', vm, 'device_block_size');
    const sb_size = this.$virtio_mem_sb_size(device_block_size);
    const in_sbm = this.$virtio_mem_in_sbm(sb_size);
    const unit_size = in_sbm ? block : Math.max(device_block_size, block);
    yield* W('virtio_mem', vm, 'in_sbm', in_sbm);
    yield* W('virtio_mem', vm, 'unit_size', unit_size);
    yield* W('virtio_mem', vm, 'sb_size', in_sbm ? sb_size : unit_size);
  },

  *$virtio_mem_say_device(this: Kernel, vm: number): Steps<void> {
    const { addr, region_size, device_block_size } = yield* look(description, vm);
    yield* info(vm, `start address: ${hex(addr)}`);
    yield* info(vm, `region size: ${hex(region_size)}`);
    yield* info(vm, `device block size: ${hex(device_block_size)}`);
  },

  *$virtio_mem_say_mode(this: Kernel, vm: number): Steps<void> {
    const what = (yield* R('virtio_mem', vm, 'in_sbm')) ? 'subblock' : 'big block';
    yield* info(vm, `memory block size: ${hex(this.c.memory_block_size_bytes)}`);
    yield* info(vm, `${what} size: ${hex(yield* R('virtio_mem', vm, 'sb_size'))}`);
  },

  /** The driver takes the device as it is: what is plugged still is unplugged, then the host's request is served. */
  *virtio_mem_probe(this: Kernel, vm: number): Steps<number> {
    const rc = yield* this.virtio_mem_init(vm);
    if (rc) return rc;
    const { addr, region_size, nid } = yield* look(description, vm);
    if (!(yield* this.__request_region(addr, region_size, `virtio${vm}`, IORESOURCE_SYSTEM_RAM))) {
      yield* pr_warn(`virtio_mem virtio${vm}: could not reserve device region`);
      return -this.errno.EBUSY;
    }
    // not busy, so that memory can be added below it
    yield* this.$set_resource_flags(addr, region_size, IORESOURCE_SYSTEM_RAM);
    const unit_pages = (yield* R('virtio_mem', vm, 'unit_size')) / this.c.PAGE_SIZE;
    yield* W('virtio_mem', vm, 'mgid', yield* this.memory_group_register_dynamic(nid, unit_pages));
    yield* W('virtio_mem', vm, 'bound', true);
    if (yield* R('virtio_mem', vm, 'plugged_size')) {
      yield* info(vm, 'unplugging all memory is required');
      yield* W('virtio_mem', vm, 'plugged_size', 0);
    }
    yield* this.virtio_mem_run_wq(vm);
    return 0;
  },

  /** Memory that was added cannot all be removed: what is left stays, without a driver. */
  *virtio_mem_remove(this: Kernel, vm: number): Steps<void> {
    const in_sbm = yield* R('virtio_mem', vm, 'in_sbm');
    const unit_size = yield* R('virtio_mem', vm, 'unit_size');
    const sb_size = yield* R('virtio_mem', vm, 'sb_size');
    const units = yield* look(units_of, this, vm);
    let added = false;
    for (const unit of units.filter(({ state }) => state !== 'unused')) {
      const partial = unit.state === 'offline' && unit.plugged < unit_size / sb_size;
      if (in_sbm && partial) yield* this.remove_memory(unit.first * sb_size, unit_size);
      else added = true;
    }
    yield* change(forget_plugged, this, vm);
    yield* W('virtio_mem', vm, 'bound', false);
    if (added) {
      yield* pr_warn(`virtio_mem virtio${vm}: device still has system memory added`);
      return;
    }
    const { addr, region_size } = yield* look(description, vm);
    yield* this.release_resource(addr, region_size);
    yield* this.$virtio_mem_leave_group(vm);
  },

  /** Memory groups came with v5.15. */
  *$virtio_mem_leave_group(this: Kernel, _vm: number): Steps<void> {},

  *virtio_mem_add_memory(this: Kernel, vm: number, addr: number, size: number): Steps<number> {
    const nid = yield* R('virtio_mem', vm, 'nid');
    const rc = yield* this.add_memory_driver_managed(nid, addr, size, RESOURCE_NAME, MHP_MERGE_RESOURCE);
    const block = addr / this.c.memory_block_size_bytes;
    if (rc) yield* pr_err(`virtio_mem virtio${vm}: adding memory block ${block} failed with ${rc}`);
    return rc;
  },

  *virtio_mem_refresh_config(this: Kernel, vm: number): Steps<void> {
    yield* info(vm, `plugged size: ${hex(yield* R('virtio_mem', vm, 'plugged_size'))}`);
    yield* info(vm, `requested size: ${hex(yield* R('virtio_mem', vm, 'requested_size'))}`);
  },

  /** Serves the host's request. What cannot be done now is retried later. */
  *virtio_mem_run_wq(this: Kernel, vm: number): Steps<number> {
    yield* this.virtio_mem_refresh_config(vm);
    return yield* change_plugged(this, vm);
  },

  /** The host requests this plugged size; without a driver nobody listens. */
  *$virtio_mem_request(this: Kernel, vm: number, requested_size: number): Steps<number> {
    yield* W('virtio_mem', vm, 'requested_size', requested_size);
    return (yield* R('virtio_mem', vm, 'bound')) ? yield* this.virtio_mem_run_wq(vm) : 0;
  },

  /** Plugs into partly plugged units first, then adds new units; -ENOSPC if too much is offline or the region ends. */
  *virtio_mem_plug_request(this: Kernel, vm: number, nb_sb: number): Steps<number> {
    const sb_size = yield* R('virtio_mem', vm, 'sb_size');
    const unit_size = yield* R('virtio_mem', vm, 'unit_size');
    const all = unit_size / sb_size;
    let left = nb_sb;
    const units = yield* look(units_of, this, vm);
    for (const state of ['kernel', 'movable', 'offline'] as const) {
      for (const unit of units.filter((one) => one.state === state && one.plugged < all)) {
        left -= yield* this.virtio_mem_sbm_plug_any_sb(vm, unit.first, left, state !== 'offline');
      }
    }
    for (const unit of units.filter((one) => one.state === 'unused')) {
      if (left === 0) break;
      const offline = yield* look(offline_size, this, vm);
      if (this.$virtio_mem_could_not_add(offline, unit_size)) return -this.errno.ENOSPC;
      if (left < all && !(yield* R('virtio_mem', vm, 'in_sbm'))) return 0;
      const count = Math.min(left, all);
      yield* change(set_plugged, vm, unit.first, count, true);
      const rc = yield* this.virtio_mem_add_memory(vm, unit.first * sb_size, unit_size);
      if (rc) {
        yield* change(set_plugged, vm, unit.first, count, false);
        return rc;
      }
      yield* change(set_added, vm, unit.first, true);
      left -= count;
    }
    return left ? -this.errno.ENOSPC : 0;
  },

  /** Lowest sub-blocks first; pages of an online block go to the buddy. Returns the number plugged. */
  *virtio_mem_sbm_plug_any_sb(
    this: Kernel,
    vm: number,
    first: number,
    nb_sb: number,
    online: boolean,
  ): Steps<number> {
    const sb_size = yield* R('virtio_mem', vm, 'sb_size');
    const all = (yield* R('virtio_mem', vm, 'unit_size')) / sb_size;
    let done = 0;
    for (let sb = first; sb < first + all && done < nb_sb; sb++) {
      if (yield* look(sub_block_plugged, vm, sb)) continue;
      yield* change(set_plugged, vm, sb, 1, true);
      done++;
      if (!online) continue;
      const pfn = PFN_DOWN(this.c, sb * sb_size);
      yield* access_pages(
        this,
        'virtio_mem_clear_fake_offline',
        give_pages,
        pfn,
        pfn + sb_size / this.c.PAGE_SIZE,
      );
    }
    return done;
  },

  /** Offline units first, then movable ones, each from the top; partly plugged ones before whole ones. */
  *virtio_mem_unplug_request(this: Kernel, vm: number, nb_sb: number): Steps<number> {
    const all = (yield* R('virtio_mem', vm, 'unit_size')) / (yield* R('virtio_mem', vm, 'sb_size'));
    const units = (yield* look(units_of, this, vm)).toReversed();
    let left = nb_sb;
    const order = [
      ['offline', true],
      ['offline', false],
      ['movable', true],
      ['kernel', true],
      ['movable', false],
      ['kernel', false],
    ] as const;
    for (const [state, partial] of order) {
      for (const unit of units) {
        if (left === 0) return 0;
        if (unit.state !== state || unit.plugged === 0 || unit.plugged < all !== partial) continue;
        left -= yield* this.virtio_mem_sbm_unplug_any_sb(vm, unit.first, left, state !== 'offline');
      }
    }
    return left ? -this.errno.EBUSY : 0;
  },

  /** Highest sub-blocks first; an empty unit is offlined and removed. Returns the number unplugged. */
  *virtio_mem_sbm_unplug_any_sb(
    this: Kernel,
    vm: number,
    first: number,
    nb_sb: number,
    online: boolean,
  ): Steps<number> {
    const sb_size = yield* R('virtio_mem', vm, 'sb_size');
    const unit_size = yield* R('virtio_mem', vm, 'unit_size');
    const all = unit_size / sb_size;
    let done = 0;
    let left = 0;
    for (let sb = first + all - 1; sb >= first; sb--) {
      if (!(yield* look(sub_block_plugged, vm, sb))) continue;
      if (done === nb_sb) {
        left++;
        break;
      }
      const pfn = PFN_DOWN(this.c, sb * sb_size);
      if (
        online &&
        !(yield* access_pages(this, 'alloc_contig_range', take_pages, pfn, pfn + sb_size / this.c.PAGE_SIZE))
      ) {
        left++;
        continue;
      }
      yield* change(set_plugged, vm, sb, 1, false);
      done++;
    }
    if (left === 0) {
      const start = first * sb_size;
      const rc = online
        ? yield* this.offline_and_remove_memory(start, unit_size)
        : yield* this.remove_memory(start, unit_size);
      if (rc === 0) yield* change(set_added, vm, first, false);
    }
    return done;
  },

  /** virtio_mem_online_page_cb: plugged pages and those of big blocks go to the buddy; the others are PageOffline. */
  *virtio_mem_online_page_cb(this: Kernel, pfn: number, nr_pages: number): Steps<void> {
    const vm = yield* look(device_at, pfn * this.c.PAGE_SIZE);
    if (vm < 0) {
      yield* online_pages.v5_2.online_page_callback.call(this, pfn, nr_pages);
      return;
    }
    const in_sbm = yield* R('virtio_mem', vm, 'in_sbm');
    const sb_pages = (yield* R('virtio_mem', vm, 'sb_size')) / this.c.PAGE_SIZE;
    for (let at = pfn; at < pfn + nr_pages; ) {
      const end = Math.min(pfn + nr_pages, (Math.floor(at / sb_pages) + 1) * sb_pages);
      if (!in_sbm || (yield* look(sub_block_plugged, vm, Math.floor(at / sb_pages)))) {
        yield* this.generic_online_page(at, end - at);
      } else {
        yield* access_pages(this, 'virtio_mem_set_fake_offline', set_offline, at, end);
      }
      at = end;
    }
  },
};

export const v5_11 = {
  /** The limit is 1G, or two units. */
  $virtio_mem_could_not_add(this: Kernel, offline: number, unit_size: number): boolean {
    return offline + unit_size > Math.max(2 ** 30, 2 * unit_size);
  },

  *$virtio_mem_check_size(this: Kernel, _name: string, _device_block_size: number): Steps<number> {
    return 0;
  },

  $virtio_mem_in_sbm(this: Kernel, sb_size: number): boolean {
    return sb_size < this.c.memory_block_size_bytes;
  },
};

export const v5_12 = {
  $virtio_mem_phys_limit(this: Kernel): number {
    return this.c.mappable_range.end;
  },
  $virtio_mem_addressable(this: Kernel, start: number, last: number): boolean {
    return start >= this.c.mappable_range.start && last <= this.c.mappable_range.end;
  },
  $virtio_mem_not_addressable(this: Kernel): string {
    return 'Some device memory is not addressable/pluggable. This';
  },
};

export const v6_1 = {
  *$virtio_mem_leave_group(this: Kernel, vm: number): Steps<void> {
    yield* this.memory_group_unregister(yield* R('virtio_mem', vm, 'mgid'));
  },

  /** The node before the sizes, and both before what is unusual. */
  *virtio_mem_init(this: Kernel, vm: number): Steps<number> {
    const { addr, region_size, nid } = yield* look(description, vm);
    yield* this.$virtio_mem_say_device(vm);
    yield* info(vm, `nid: ${nid}`);
    yield* this.$virtio_mem_warn(`virtio${vm}`, addr, region_size);
    yield* this.$virtio_mem_set_mode(vm);
    yield* this.$virtio_mem_say_mode(vm);
    return 0;
  },

  /** A sub-block may be as small as a pageblock (v5.18). */
  $virtio_mem_sb_size(this: Kernel, device_block_size: number): number {
    return Math.max(device_block_size, this.c.PAGE_SIZE * this.c.pageblock_nr_pages);
  },

  *virtio_mem_add_memory(this: Kernel, vm: number, addr: number, size: number): Steps<number> {
    const mgid = yield* R('virtio_mem', vm, 'mgid');
    const flags = MHP_MERGE_RESOURCE | MHP_NID_IS_MGID;
    const rc = yield* this.add_memory_driver_managed(mgid, addr, size, RESOURCE_NAME, flags);
    if (rc) yield* pr_warn(`virtio_mem virtio${vm}: adding memory failed: ${rc}`);
    return rc;
  },
};

/** a31648fd4f96 (v6.6) */
export const v6_6 = {
  /** A unit of which nothing is plugged any more, and that could not be removed, is removed now (in sub-block mode). */
  *virtio_mem_cleanup_pending_mb(this: Kernel, vm: number): Steps<number> {
    if (!(yield* R('virtio_mem', vm, 'in_sbm'))) return 0;
    const unit_size = yield* R('virtio_mem', vm, 'unit_size');
    const sb_size = yield* R('virtio_mem', vm, 'sb_size');
    let rc = 0;
    for (const state of ['movable', 'kernel', 'offline'] as const) {
      for (const unit of yield* look(units_of, this, vm)) {
        if (unit.state !== state || unit.plugged > 0) continue;
        if (yield* this.offline_and_remove_memory(unit.first * sb_size, unit_size)) rc = -this.errno.EBUSY;
        else yield* change(set_added, vm, unit.first, false);
      }
    }
    return rc;
  },

  /** It is tried again until it succeeds, even if the host asks for nothing. */
  *virtio_mem_run_wq(this: Kernel, vm: number): Steps<number> {
    yield* this.virtio_mem_refresh_config(vm);
    const rc = (yield* this.virtio_mem_cleanup_pending_mb(vm)) || (yield* change_plugged(this, vm));
    if (rc) return rc;
    const left = (yield* look(units_of, this, vm)).some(
      ({ state, plugged }) => state !== 'unused' && plugged === 0,
    );
    return left && (yield* R('virtio_mem', vm, 'in_sbm')) ? -this.errno.EBUSY : 0;
  },
};
