import type { Kernel } from '../../../kernel/kernel.ts';
import { vmem_altmap_offset } from '../../../kernel/mm/memory_hotplug/add_pages.ts';
import { MIGRATE } from '../../../kernel/mm/page.ts';
import { W } from '../../../kernel/ops.ts';
import { pfn_to_section_nr } from '../../../kernel/pfn.ts';
import { SECTION_HAS_MEM_MAP, zone_idx, zone_key, zone_to_nid } from '../../../kernel/state.ts';
import { isBefore } from '../../bundle.ts';
import type { SourceProgram } from '../../program.ts';
import { intOf, numberOf } from '../../values.ts';
import { pagemapOf } from '../pagemaps.ts';
import type { Site } from '../site.ts';
import { zoneAt } from '../zones.ts';
import { altmapAt, answers, checkPagemap, type External, type Externals, kernel } from './external.ts';

/** Migrate types of the model by the enumerators. */
const MIGRATE_TYPES = {
  MIGRATE_UNMOVABLE: MIGRATE.UNMOVABLE,
  MIGRATE_MOVABLE: MIGRATE.MOVABLE,
  MIGRATE_ISOLATE: MIGRATE.ISOLATE,
  MIGRATE_CMA: MIGRATE.CMA,
} as const;

/** The enumerator of a migrate type of the model. */
export function migratetypeInC(program: SourceProgram, type: number): number {
  const [name] = Object.entries(MIGRATE_TYPES).find(([, of]) => of === type)!;
  return program.enumerator(name);
}

function migratetypeOf(site: Site, value: number): number {
  for (const [name, type] of Object.entries(MIGRATE_TYPES))
    if (site.program.enumeratorIfAny(name) === value) return type;
  return site.stop(`migrate type ${value}`);
}

/** MEMINIT_HOTPLUG: of a range in a zone, by its node and its index in C. */
const memmapInit = kernel(function* (
  k: Kernel,
  [n, nid, index, pfn, , context, altmap, type, isolates],
  site,
) {
  if (intOf(context!) !== site.program.enumerator('MEMINIT_HOTPLUG'))
    return site.stop('struct pages of boot memory');
  const zone = site.addresses.zoneIndexes.indexOf(intOf(index!));
  if (zone < 0) return site.stop(`zone ${intOf(index!)}`);
  // since v6.16 the mark of an isolated block is beside its type
  const migratetype =
    isolates && (isolates.lo & 1) === 1 ? MIGRATE.ISOLATE : migratetypeOf(site, intOf(type!));
  let [first, end] = [numberOf(pfn!), numberOf(pfn!) + numberOf(n!)];
  const pages = altmapAt(site, altmap!);
  if (zone === k.c.ZONE_DEVICE) {
    // the others by memmap_init_zone_device()
    if (!pages) return undefined;
    if (first === pages.base_pfn) first += pages.reserve;
    end = pages.base_pfn + vmem_altmap_offset(pages);
  }
  if (end > first) yield* k.memmap_init_range(zone_key(intOf(nid!), zone), first, end - first, migratetype);
  return undefined;
});

const getDevPagemap: External = {
  is: 'modelled',
  *run(site) {
    const pfn = numberOf(site.args[0]!);
    return site.pointer(yield* pagemapOf(yield* site.k.get_dev_pagemap(pfn)));
  },
};

/** What mm/memory_hotplug.c calls for zones and ranges of pages. */
export const ZONES: Externals = {
  // the hint is not modelled
  clear_zone_contiguous: answers('inert', () => 0),
  set_zone_contiguous: answers('inert', () => 0),
  // its free lists are those of the model's pages
  init_currently_empty_zone: kernel(function* (_, [zone, start], site) {
    yield* W('zone', zoneAt(site, zone!), 'zone_start_pfn', numberOf(start!));
    return undefined;
  }),
  memmap_init_range: memmapInit,
  // until v5.10
  memmap_init_zone: memmapInit,
  // of a page in a section that device memory shares: only whether there is one is asked
  get_dev_pagemap: getDevPagemap,
  put_dev_pagemap: answers('inert', () => 0),
  // since v5.15
  auto_movable_zone_for_pfn: {
    is: 'modelled',
    *run(site) {
      const { addresses, k, args } = site;
      const [nid, group, pfn, n] = args;
      const zone = yield* k.auto_movable_zone_for_pfn(
        intOf(nid!),
        addresses.groupAt(group!),
        numberOf(pfn!),
        numberOf(n!),
      );
      return addresses.ofZone(zone_to_nid(zone), zone_idx(zone));
    },
  },
  sparse_add_section: kernel(function* (k, [nid, pfn, n, altmap, pgmap], site) {
    yield* checkPagemap(site, pgmap, numberOf(pfn!));
    return yield* k.sparse_add_section(intOf(nid!), numberOf(pfn!), numberOf(n!), altmapAt(site, altmap!));
  }),
  sparse_remove_section: kernel(function* (k, args, site) {
    // until v6.5: the section, and the offset in the altmap
    const old = site.program.arity('sparse_remove_section') === 5;
    const [pfn, n, altmap, pgmap] = old ? [args[1], args[2], args[4]] : args;
    yield* checkPagemap(site, pgmap, numberOf(pfn!));
    // since v6.6: on x86-64 it is the model's, whose caller looks at the section
    if (k.c.arch === 'x86_64' && !isBefore(site.program.bundle, 6, 6)) {
      const map = yield* k.$section_mem_map(pfn_to_section_nr(k.c, numberOf(pfn!)));
      if (!(map & SECTION_HAS_MEM_MAP)) {
        yield* k.$section_not_valid();
        return undefined;
      }
    }
    yield* k.sparse_remove_section(numberOf(pfn!), numberOf(n!), altmapAt(site, altmap!));
    return undefined;
  }),
  vmem_altmap_offset: kernel(function* (_, [altmap], site) {
    const found = altmapAt(site, altmap!);
    return found ? vmem_altmap_offset(found) : 0;
  }),
};
