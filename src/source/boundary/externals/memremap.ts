import type { Int64 } from '../../../ir/read/values.ts';
import {
  mem_hotplug_begin,
  mem_hotplug_done,
  rcu_read_lock,
  rcu_read_unlock,
} from '../../../kernel/locks.ts';
import { pagemap_at } from '../../../kernel/mm/memremap.ts';
import { look, W } from '../../../kernel/ops.ts';
import { plainName } from '../../program.ts';
import { intOf, numberOf, wordOf, ZERO } from '../../values.ts';
import { isPagemap, pagemapKeyAt, pagemapOf } from '../pagemaps.ts';
import type { Site, Standing } from '../site.ts';
import { zoneAt } from '../zones.ts';
import { answers, type External, type Externals, kernel, pagemapKeyOf, pfnOf } from './external.ts';

/** Of a pagemap's reference counter or completion: it answers, and does nothing. */
const ofPagemap = (is: Standing, value: number): External => ({
  is,
  *run(site) {
    checkInPagemap(site);
    return wordOf(value);
  },
});

function checkInPagemap(site: Site): void {
  if (!isPagemap(site.objectAround(site.args[0]!).object))
    site.stop('a reference counter or completion that is in no dev_pagemap');
}

/** Refuses other variables than the named one. */
function checkVariable(site: Site, at: Int64, name: string): void {
  const place = site.place(at);
  if (place.kind !== 'variable' || plainName(place.name) !== name || place.offset !== 0)
    site.stop(`what is not ${name}`);
}

/** The references to a pagemap, which the model does not count. */
const REFERENCES: Externals = {
  percpu_ref_init: kernel(function* (k, _args, site) {
    checkInPagemap(site);
    return (yield* k.$should_fail('percpu_ref')) ? -k.errno.ENOMEM : 0;
  }),
  // a pagemap in pgmap_array counts as live, also once its references are killed
  percpu_ref_tryget_live: ofPagemap('modelled', 1),
  percpu_ref_tryget_live_rcu: ofPagemap('modelled', 1),
  percpu_ref_get_many: ofPagemap('inert', 0),
  percpu_ref_put_many: ofPagemap('inert', 0),
  percpu_ref_put: ofPagemap('inert', 0),
  percpu_ref_kill: ofPagemap('inert', 0),
  percpu_ref_exit: ofPagemap('inert', 0),
  init_completion: ofPagemap('inert', 0),
  __init_completion: ofPagemap('inert', 0),
  // until the last reference is put
  wait_for_completion: ofPagemap('inert', 0),
};

/** xa_mk_internal() of an errno, as xa_err() expects it. */
const xaError = (error: number): number => error * 4 + 2;

/** pgmap_array has the pagemap of each pfn; the model's pagemaps know their range. */
const xaStoreRange: External = kernel(function* (k, [xa, first, last, entry], site) {
  checkVariable(site, xa!, 'pgmap_array');
  const { PAGE_SIZE } = k.c;
  const key = pagemapKeyOf(site, entry!);
  const own = yield* pagemapOf(key || (yield* pagemapKeyAt(k, numberOf(first!))));
  if (!own) return site.stop('xa_store_range() of NULL where no pagemap is');
  if (
    numberOf(first!) !== Math.floor(own.range.start / PAGE_SIZE) ||
    numberOf(last!) !== Math.floor(own.range.end / PAGE_SIZE)
  )
    return site.stop('xa_store_range() of another range than that of the pagemap');
  if (key !== 0) {
    if (yield* k.$should_fail('pgmap_array')) return xaError(-k.errno.ENOMEM);
    yield* W('dev_pagemap', key, 'mapped', true);
    return undefined;
  }
  yield* W('dev_pagemap', own.key, 'mapped', false);
  return undefined;
});

/** include/linux/ioport.h, in all modelled releases. */
const IORESOURCE_SYSTEM_RAM = 0x01000200;
const IORES_DESC_NONE = 0;

const managedKey: External = {
  is: 'inert',
  *run(site) {
    checkVariable(site, site.args[0]!, 'devmap_managed_key');
    return ZERO;
  },
};

/** What mm/memremap.c calls. */
export const MEMREMAP: Externals = {
  ...REFERENCES,
  xa_store_range: xaStoreRange,
  xa_load: {
    is: 'modelled',
    *run(site) {
      checkVariable(site, site.args[0]!, 'pgmap_array');
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
  // of System RAM
  region_intersects: kernel(function* (k, [start, size, flags, desc], site) {
    if (numberOf(flags!) !== IORESOURCE_SYSTEM_RAM || intOf(desc!) !== IORES_DESC_NONE)
      return site.stop('region_intersects() of what is not System RAM');
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
  // the memory types of x86's PAT: that memremap_pages() reserves them, and may fail to, is not modelled
  track_pfn_remap: answers('inert', () => 0),
  untrack_pfn: answers('inert', () => 0),
  pfnmap_track: answers('inert', () => 0),
  pfnmap_untrack: answers('inert', () => 0),
  // how many pagemaps want to know of pages that are freed
  static_key_slow_inc: managedKey,
  static_key_slow_dec: managedKey,
};
