import { Runs } from '../../../../hardware/memory/runs.ts';
import type { Kernel } from '../../../kernel.ts';
import { PG_reserved, page_nid, page_use, page_zonenum, USE, with_use } from '../../../mm/page.ts';
import { PAGE_OFFSET_OF, page_operation } from '../../../mm/page_access.ts';
import { operation } from '../../../ops.ts';
import { type State, type virtio_mem, zone_key } from '../../../state.ts';

/** The plugged parts of a virtio-mem device, unit by unit, and the state of their pages. */

/** A device that no driver has seen, nothing of it plugged. */
export const new_virtio_mem = (
  device: Pick<virtio_mem, 'addr' | 'region_size' | 'nid' | 'device_block_size'>,
): virtio_mem => ({
  ...device,
  requested_size: 0,
  plugged_size: 0,
  bound: false,
  in_sbm: true,
  sb_size: device.device_block_size,
  unit_size: device.device_block_size,
  mgid: -1,
  plugged: new Runs(false),
  added: new Runs(false),
});

export const device_at = operation({
  name: 'device_at',
  obj: 'virtio_mem',
  writes: false,
  run: (state: State, phys: number): number => {
    for (const [key, vm] of state.virtio_mem) {
      if (vm.bound && vm.addr <= phys && phys < vm.addr + vm.region_size) return key;
    }
    return -1;
  },
});

const per_unit = (vm: virtio_mem): number => vm.unit_size / vm.sb_size;

/** The first sub-block of the first whole unit, and the end of the last usable unit. */
function bounds(vm: virtio_mem, limit: number): [number, number] {
  const end = Math.min(vm.addr + vm.region_size, limit + 1);
  return [
    (Math.ceil(vm.addr / vm.unit_size) * vm.unit_size) / vm.sb_size,
    (Math.floor(end / vm.unit_size) * vm.unit_size) / vm.sb_size,
  ];
}

/**
 * The state of a unit: not added; offline; online in a kernel zone or in ZONE_MOVABLE; and how much of it is plugged.
 */
export interface Unit {
  readonly first: number;
  readonly state: 'unused' | 'offline' | 'kernel' | 'movable';
  readonly plugged: number;
}

export const units_of = operation({
  name: 'units_of',
  obj: 'virtio_mem',
  writes: false,
  run(state: State, k: Kernel, key: number): Unit[] {
    const vm = state.virtio_mem.get(key)!;
    const [begin, end] = bounds(vm, k.$virtio_mem_phys_limit());
    const units: Unit[] = [];
    for (let first = begin; first < end; first += per_unit(vm)) {
      const plugged = vm.plugged.total(first, first + per_unit(vm), (on) => on);
      units.push({ first, state: unit_state(state, k, vm, first), plugged });
    }
    return units;
  },
});

function unit_state(state: State, k: Kernel, vm: virtio_mem, first: number): Unit['state'] {
  const block = k.c.memory_block_size_bytes;
  const start = first * vm.sb_size;
  if (!vm.added.get(first)) return 'unused';
  let found = 'offline' as Unit['state'];
  for (let at = start; at < start + vm.unit_size; at += block) {
    const memory_block = state.memory_block.get(at / block);
    if (!memory_block || memory_block.offline) continue;
    const movable = page_zonenum(state.pages.get(at / k.c.PAGE_SIZE)) === k.c.ZONE_MOVABLE;
    found = movable && found !== 'kernel' ? 'movable' : 'kernel';
  }
  return found;
}

export const offline_size = operation({
  name: 'offline_size',
  obj: 'virtio_mem',
  writes: false,
  run: (state: State, k: Kernel, key: number): number =>
    units_of.run(state, k, key).filter((unit) => unit.state === 'offline').length *
    state.virtio_mem.get(key)!.unit_size,
});

export const set_plugged = operation({
  name: 'set_plugged',
  obj: 'virtio_mem',
  writes: true,
  run: (state: State, key: number, first: number, count: number, on: boolean): void => {
    const vm = state.virtio_mem.get(key)!;
    vm.plugged.set(first, first + count, on);
    vm.plugged_size += (on ? count : -count) * vm.sb_size;
  },
});

export const set_added = operation({
  name: 'set_added',
  obj: 'virtio_mem',
  writes: true,
  run: (state: State, key: number, first: number, on: boolean): void => {
    const vm = state.virtio_mem.get(key)!;
    vm.added.set(first, first + per_unit(vm), on);
  },
});

export const sub_block_plugged = operation({
  name: 'sub_block_plugged',
  obj: 'virtio_mem',
  writes: false,
  run: (state: State, key: number, sb: number): boolean => state.virtio_mem.get(key)!.plugged.get(sb),
});

/** alloc_contig_range() and PageOffline: false if a page in the range can be neither allocated nor migrated. */
export const take_pages = page_operation({
  name: 'take_pages',
  writes: true,
  changes: ['pages', 'zone', 'vars'],
  run(state, start, end): boolean {
    const busy = state.pages.first(
      start,
      end,
      (page) => ![USE.FREE, USE.MOVABLE, USE.OFFLINE_NOREF].includes(page_use(page) as 1),
    );
    if (busy >= 0) return false;
    account(state, start, end, -1);
    set_offline.run(state, start, end);
    return true;
  },
});

export const set_offline = page_operation({
  name: 'set_offline',
  writes: true,
  offset: PAGE_OFFSET_OF.page_type,
  run: (state, start, end): void =>
    state.pages.update(start, end, (page) => with_use(page & ~PG_reserved, USE.OFFLINE_NOREF)),
});

export const give_pages = page_operation({
  name: 'give_pages',
  writes: true,
  changes: ['pages', 'zone', 'vars'],
  offset: PAGE_OFFSET_OF.page_type,
  run(state, start, end): void {
    state.pages.update(start, end, (page) => with_use(page, USE.FREE));
    account(state, start, end, 1);
  },
});

/** adjust_managed_page_count() for pages that are free or movable. */
function account(state: State, start: number, end: number, sign: 1 | -1): void {
  for (const { start: from, end: to, value } of state.pages.in(start, end)) {
    if (page_use(value) === USE.OFFLINE_NOREF) continue;
    const zone = state.zone.get(zone_key(page_nid(value), page_zonenum(value)))!;
    zone.managed_pages += sign * (to - from);
    state.vars.get(0)!.totalram_pages += sign * (to - from);
  }
}

/** The driver forgets what it has plugged and added, and lets no page that it keeps go offline any more. */
export const forget_plugged = operation({
  name: 'forget_plugged',
  obj: 'virtio_mem',
  writes: true,
  changes: ['pages', 'virtio_mem'],
  run(state: State, k: Kernel, key: number): void {
    const vm = state.virtio_mem.get(key)!;
    for (const units of [vm.plugged, vm.added])
      units.set(vm.addr / vm.sb_size, (vm.addr + vm.region_size) / vm.sb_size, false);
    const end = (vm.addr + vm.region_size) / k.c.PAGE_SIZE;
    state.pages.update(vm.addr / k.c.PAGE_SIZE, end, (page) =>
      page_use(page) === USE.OFFLINE_NOREF ? with_use(page, USE.OFFLINE_REF) : page,
    );
  },
});
