import type { Int64 } from '../../../ir/read/values.ts';
import { SIZEOF_STRUCT_PAGE } from '../../../kernel/config.ts';
import type { vmem_altmap } from '../../../kernel/kernel.ts';
import { usage_steps } from '../../../kernel/mm/sparse.ts';
import { follow_tables } from '../../../kernel/mm/sparse-vmemmap/section_memmap.ts';
import { change, look, operation, W } from '../../../kernel/ops.ts';
import { PFN_PHYS } from '../../../kernel/pfn.ts';
import type { State } from '../../../kernel/state.ts';
import type { Steps } from '../../../steps/step.ts';
import { equal, intOf, numberOf, ZERO } from '../../values.ts';
import type { Site } from '../site.ts';
import { altmapAt, answers, type External, type Externals, kernel, pfnOf } from './external.ts';

const hasSection = operation({
  name: 'pfn_valid',
  obj: 'mem_section',
  writes: false,
  run: (state: State, section: number): boolean => state.mem_section.has(Math.floor(section)),
});

/** Zeroed memory for what the functions that run ask for it. */
const kzalloc: External = {
  is: 'modelled',
  *run(site) {
    if (site.chain.includes('sparse_index_alloc')) {
      if (yield* site.k.$should_fail('mem_section_root')) return ZERO;
      return site.addresses.ofFresh({ fresh: 'root', nid: intOf(site.args[2]!) });
    }
    if (!site.chain.includes('section_activate'))
      return site.stop(`the purpose of what ${site.chain.join(' < ')} allocates`);
    if (yield* site.k.$should_fail('mem_section_usage')) return ZERO;
    return site.addresses.ofFresh({ fresh: 'usage' });
  },
};

/** What a compiler makes of bitmap_equal() for a map of several words: 0 if they are equal. */
const bcmp = kernel(function* (_, [one, other, size], site) {
  const bytes = numberOf(size!);
  if (bytes % 8 !== 0) return site.stop(`bcmp() of ${bytes} bytes`);
  for (let i = 0; i < bytes; i += 8) {
    const word = yield* site.read({ lo: one!.lo + i, hi: one!.hi }, 8);
    if (!equal(word, yield* site.read({ lo: other!.lo + i, hi: other!.hi }, 8))) return 1;
  }
  return 0;
});

/** The struct pages follow the tables. */
function* withMemmap(
  site: Site,
  [start, end]: readonly Int64[],
  run: (start: number, end: number) => Steps<number | undefined>,
): Steps<number | undefined> {
  const [from, to] = [numberOf(start!), numberOf(end!)];
  const result = yield* run(from, to);
  yield* change(follow_tables, site.k.c, from, to);
  return result;
}

/** What mm/sparse.c and mm/sparse-vmemmap.c call. */
export const SECTIONS: Externals = {
  // of memory with a memmap in part only it would also ask the sub-section: no such page is mapped by vmap()
  pfn_valid: kernel(function* (k, [pfn], site) {
    if (site.chain.some((fn) => fn.endsWith('_section_pfn')))
      return (yield* k.pfn_valid(numberOf(pfn!))) ? 1 : 0;
    return (yield* look(hasSection, PFN_PHYS(k.c, numberOf(pfn!)) / k.c.SECTION_SIZE)) ? 1 : 0;
  }),
  bcmp,
  kzalloc,
  kzalloc_noprof: kzalloc,
  _kzalloc_noprof: kzalloc,
  kzalloc_node: kzalloc,
  __kmalloc_cache_node_noprof: kzalloc,
  mem_alloc_profiling_enabled: answers('modelled', () => 0),
  kfree: kernel(function* (_, [at], site) {
    const place = site.place(at!);
    // the pointer to it stays as it is
    if (place.kind === 'usage' && place.offset === 0)
      yield* W('mem_section', place.nr, 'subsection_map', usage_steps.freed);
    else if (!equal(at!, ZERO) && !site.addresses.freshAt(at!))
      site.stop('kfree() of what is no usage of a section');
    return undefined;
  }),
  kvfree_call_rcu: kernel(function* (k, [head], site) {
    const place = site.place(head!);
    if (place.kind !== 'usage' || place.offset !== site.program.member('mem_section_usage', 'rcu').offset)
      return site.stop('kfree_rcu() of what is no usage of a section');
    yield* k.kfree_rcu(place.nr);
    return undefined;
  }),
  vmemmap_populate: kernel(function* (k, args, site) {
    if (yield* k.$should_fail('vmemmap_populate')) return -k.errno.ENOMEM;
    return yield* withMemmap(site, args, (start, end) =>
      k.vmemmap_populate(start, end, intOf(args[2]!), altmapAt(site, args[3]!)),
    );
  }),
  vmemmap_free: kernel((k, args, site) =>
    withMemmap(site, args, function* (start, end) {
      yield* k.vmemmap_free(start, end, altmapAt(site, args[2]!));
      return undefined;
    }),
  ),
  clear_hwpoisoned_pages: kernel(function* (k, [page, n], site) {
    yield* k.clear_hwpoisoned_pages(pfnOf(site, page!), intOf(n!));
    return undefined;
  }),
  page_init_poison: kernel(function* (k, [page, size], site) {
    yield* k.page_init_poison(pfnOf(site, page!), numberOf(size!) / SIZEOF_STRUCT_PAGE);
    return undefined;
  }),
  memmap_pages_add: kernel(function* (k, [delta]) {
    yield* k.memmap_pages_add(numberOf(delta!));
    return undefined;
  }),
  // the model does not have the counter
  memmap_boot_pages_add: answers('inert', () => 0),
  memblock_is_map_memory: kernel(function* (k, [addr]) {
    return (yield* k.memblock_is_map_memory(numberOf(addr!))) ? 1 : 0;
  }),
  vmem_altmap_free: kernel(function* (_, [altmap, n], site) {
    (site.objectAt(altmap!) as vmem_altmap).alloc -= numberOf(n!);
    return undefined;
  }),
};
