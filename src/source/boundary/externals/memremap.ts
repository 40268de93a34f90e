import {
  mem_hotplug_begin,
  mem_hotplug_done,
  rcu_read_lock,
  rcu_read_unlock,
} from '../../../kernel/locks.ts';
import { pagemap_at } from '../../../kernel/mm/memremap.ts';
import { look, W } from '../../../kernel/ops.ts';
import { numberOf } from '../../values.ts';
import { pagemapKeyAt, pagemapOf } from '../pagemaps.ts';
import { zoneAt } from '../zones.ts';
import { answers, type External, type Externals, kernel, pagemapKeyOf, pfnOf } from './external.ts';

/** The references to a pagemap: the model has none but those of memremap_pages() itself, which memunmap_pages() puts. */
const REFERENCES: Externals = {
  percpu_ref_init: kernel(function* (k) {
    return (yield* k.$should_fail('percpu_ref')) ? -k.errno.ENOMEM : 0;
  }),
  // a pagemap in pgmap_array is live: the model takes it out where the C kills its references
  percpu_ref_tryget_live: answers('modelled', () => 1),
  percpu_ref_tryget_live_rcu: answers('modelled', () => 1),
  percpu_ref_get_many: answers('inert', () => 0),
  percpu_ref_put_many: answers('inert', () => 0),
  percpu_ref_put: answers('inert', () => 0),
  percpu_ref_kill: answers('inert', () => 0),
  percpu_ref_exit: answers('inert', () => 0),
  init_completion: answers('inert', () => 0),
  __init_completion: answers('inert', () => 0),
  // until the last reference is put
  wait_for_completion: answers('inert', () => 0),
};

/** xa_mk_internal() of an errno, as xa_err() expects it. */
const xaError = (error: number): number => error * 4 + 2;

/** pgmap_array has the pagemap of each pfn; the model's pagemaps know their range. */
const xaStoreRange: External = kernel(function* (k, [, first, , entry], site) {
  const key = pagemapKeyOf(site, entry!);
  if (key !== 0) {
    if (yield* k.$should_fail('pgmap_array')) return xaError(-k.errno.ENOMEM);
    yield* W('dev_pagemap', key, 'mapped', true);
    return undefined;
  }
  const stored = yield* pagemapKeyAt(k, numberOf(first!));
  if (stored === 0) return site.stop('xa_store_range() of NULL where no pagemap is');
  yield* W('dev_pagemap', stored, 'mapped', false);
  return undefined;
});

/** What mm/memremap.c calls. */
export const MEMREMAP: Externals = {
  ...REFERENCES,
  xa_store_range: xaStoreRange,
  xa_load: {
    is: 'modelled',
    *run(site) {
      return site.pointer(
        yield* pagemapOf(yield* look(pagemap_at, numberOf(site.args[1]!), site.k.c.PAGE_SIZE)),
      );
    },
  },
  __rcu_read_lock: kernel(function* () {
    yield* rcu_read_lock();
    return undefined;
  }),
  __rcu_read_unlock: kernel(function* () {
    yield* rcu_read_unlock();
    return undefined;
  }),
  synchronize_rcu: kernel(function* (k) {
    yield* k.synchronize_rcu();
    return undefined;
  }),
  mem_hotplug_begin: kernel(function* () {
    yield* mem_hotplug_begin();
    return undefined;
  }),
  mem_hotplug_done: kernel(function* () {
    yield* mem_hotplug_done();
    return undefined;
  }),
  // of busy System RAM
  region_intersects: kernel(function* (k, [start, size], site) {
    const found = yield* k.$region_intersects_ram(numberOf(start!), numberOf(size!));
    const name = found === 'disjoint' ? 'DISJOINT' : found === 'mixed' ? 'MIXED' : 'INTERSECTS';
    return site.program.enumerator(`REGION_${name}`);
  }),
  mhp_range_allowed: kernel(function* (k, [start, size, mapped]) {
    return (yield* k.mhp_range_allowed(numberOf(start!), numberOf(size!), (mapped!.lo & 1) === 1)) ? 1 : 0;
  }),
  memmap_init_zone_device: kernel(function* (k, [zone, pfn, n, pgmap], site) {
    yield* k.memmap_init_zone_device(
      zoneAt(site, zone!),
      numberOf(pfn!),
      numberOf(n!),
      pagemapKeyOf(site, pgmap!),
    );
    return undefined;
  }),
  // until v5.16: the reference of each page
  put_page: kernel(function* (k, [page], site) {
    const pfn = pfnOf(site, page!);
    yield* k.$put_pages(pfn, pfn + 1, site.chain[0]!);
    return undefined;
  }),
  // the memory types of x86's PAT, which whoever maps device memory has reserved in the model
  track_pfn_remap: answers('inert', () => 0),
  untrack_pfn: answers('inert', () => 0),
  pfnmap_track: answers('inert', () => 0),
  pfnmap_untrack: answers('inert', () => 0),
  // how many pagemaps want to know of pages that are freed
  static_key_slow_inc: answers('inert', () => 0),
  static_key_slow_dec: answers('inert', () => 0),
};
