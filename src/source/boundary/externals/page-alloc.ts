import { not_flushed } from '../../../kernel/arch/x86/mm/init_64/free_pages.ts';
import { count_table, uncount_table } from '../../../kernel/include/asm-generic/pgalloc.ts';
import { USE } from '../../../kernel/mm/page.ts';
import { clear_page, mmu_steps } from '../../../kernel/mmu.ts';
import { add, change } from '../../../kernel/ops.ts';
import { PFN_DOWN, PFN_PHYS } from '../../../kernel/pfn.ts';
import type { Steps } from '../../../steps/step.ts';
import { intOf, ZERO } from '../../values.ts';
import { FREED, firstOf, PURPOSES } from '../purposes.ts';
import type { Site } from '../site.ts';
import { answers, type External, type Externals, entryAt, kernel, pfnOf } from './external.ts';

/** The bit of __GFP_ZERO (include/linux/gfp_types.h), the same in every modelled release. */
const GFP_ZERO = 0x100;

/** 2^order pages for what the functions that run ask for them; -1 without memory. */
function* allocate(site: Site, order: number, nid: number): Steps<number> {
  const { k } = site;
  const purpose = firstOf(PURPOSES, site.chain);
  if (purpose === undefined)
    return site.stop(`the purpose of pages that ${site.chain.join(' < ')} allocates`);
  const n = 2 ** order;
  if (purpose !== 'memmap' && n !== 1) return site.stop(`a table of ${n} pages`);
  if (purpose === 'copy') {
    const copy = yield* k.$alloc_pages('pgtable', nid, 1, 1, 1, USE.UNMOVABLE);
    if (!copy) return -1;
    site.copies.set(copy.pfn, new Map());
    return copy.pfn;
  }
  const [where, use] =
    purpose === 'memmap' ? (['vmemmap_block', USE.MEMMAP] as const) : (['pgtable', USE.TABLE] as const);
  const found = yield* k.$alloc_pages(where, nid, n, n, n, use);
  if (!found) return -1;
  if (purpose === 'memmap') yield* add('vars', 0, 'nr_vmemmap_pages', n);
  else yield* change(count_table, purpose, found.pfn, 1);
  return found.pfn;
}

function* freePages(site: Site, pfn: number, n: number): Steps<void> {
  const { k } = site;
  if (site.copies.delete(pfn)) {
    yield* k.free_pages(pfn, n);
    return;
  }
  const what = firstOf(FREED, site.chain);
  if (what === undefined) return site.stop(`the purpose of pages that ${site.chain.join(' < ')} frees`);
  if (what === 'table') yield* change(uncount_table, pfn, n);
  else {
    if (k.c.arch === 'x86_64' && n === 1 && (yield* k.$put_shared(pfn))) return;
    yield* add('vars', 0, 'nr_vmemmap_pages', -n);
  }
  // x86-64 removes memory and frees before it flushes
  if (!k.alone && site.chain.includes('remove_pagetable')) yield* change(not_flushed, pfn, n);
  yield* k.free_pages(pfn, n);
}

const getFreePages: External = {
  is: 'modelled',
  *run(site) {
    const order = intOf(site.args[1]!);
    const pfn = yield* allocate(site, order, -1);
    if (pfn < 0) return ZERO;
    const phys = PFN_PHYS(site.k.c, pfn);
    if ((site.args[0]!.lo & GFP_ZERO) !== 0)
      yield* change(mmu_steps.clear_pages, phys, site.k.c.PAGE_SIZE * 2 ** order);
    return site.addresses.ofEntry(phys);
  },
};

const allocPages: External = {
  is: 'modelled',
  *run(site) {
    const [gfp, order, nid, nodemask] = site.args;
    if ((gfp!.lo & GFP_ZERO) !== 0 || nodemask!.lo !== 0 || nodemask!.hi !== 0)
      return site.stop('__alloc_pages() of zeroed pages or with a node mask');
    const pfn = yield* allocate(site, intOf(order!), intOf(nid!));
    return pfn < 0 ? ZERO : site.addresses.ofPage(pfn);
  },
};

/** The page allocator, and what is counted of page tables. */
export const PAGE_ALLOC: Externals = {
  // with a suffix since v6.10
  __get_free_pages: getFreePages,
  get_free_pages_noprof: getFreePages,
  alloc_pages_noprof: {
    is: 'modelled',
    *run(site) {
      if ((site.args[0]!.lo & GFP_ZERO) !== 0) return site.stop('alloc_pages() of zeroed pages');
      const pfn = yield* allocate(site, intOf(site.args[1]!), -1);
      return pfn < 0 ? ZERO : site.addresses.ofPage(pfn);
    },
  },
  __alloc_pages_nodemask: allocPages,
  __alloc_pages: allocPages,
  __alloc_pages_noprof: allocPages,
  // a table, through a slot of the fixmap
  clear_page: kernel(function* (k, [at], site) {
    yield* change(clear_page, entryAt(site, at!), k.c.PAGE_SIZE);
    return undefined;
  }),
  free_pages: kernel(function* (k, [at, order], site) {
    const place = site.place(at!);
    if (place.kind !== 'memory' || place.p < 0)
      return site.stop('free_pages() of an address outside of the linear map');
    yield* freePages(site, PFN_DOWN(k.c, place.p), 2 ** intOf(order!));
    return undefined;
  }),
  __free_pages: kernel(function* (_, [page, order], site) {
    yield* freePages(site, pfnOf(site, page!), 2 ** intOf(order!));
    return undefined;
  }),
  __pagetable_ctor: kernel(function* (k, [ptdesc], site) {
    yield* k.__pagetable_ctor(pfnOf(site, ptdesc!));
    return undefined;
  }),
  // how many programs share a table: none shares the kernel's
  ptdesc_pmd_pts_init: answers('inert', () => 0),
  pagetable_dtor: kernel(function* (k, [ptdesc], site) {
    yield* k.pagetable_dtor(pfnOf(site, ptdesc!));
    return undefined;
  }),
  // the page type and NR_PAGETABLE of a PMD table, which the model has from v6.18 on: until v6.1, until v6.12
  pgtable_pmd_page_dtor: answers('inert', () => 0),
  pagetable_pmd_dtor: answers('inert', () => 0),
  // the model does not have the mark of the kernel's own tables, which decides who frees them (CONFIG_ASYNC_KERNEL_PGTABLE_FREE)
  pagetable_free: kernel(function* (_, [ptdesc], site) {
    yield* freePages(site, pfnOf(site, ptdesc!), 1);
    return undefined;
  }),
  slab_is_available: answers('modelled', () => 1),
  // the buffer of boot is gone
  sparse_buffer_alloc: answers('modelled', () => 0),
  memblock_alloc_try_nid_raw: { is: 'refused' },
};
