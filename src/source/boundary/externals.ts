import type { Int64 } from '../../ir/read/values.ts';
import { flushed, not_flushed } from '../../kernel/arch/x86/mm/init_64/free_pages.ts';
import { SIZEOF_STRUCT_PAGE } from '../../kernel/config.ts';
import { count_table, uncount_table } from '../../kernel/include/asm-generic/pgalloc.ts';
import { READ_ONCE } from '../../kernel/include/linux/pgtable.ts';
import type { Kernel, mhp_params, vmem_altmap } from '../../kernel/kernel.ts';
import {
  get_online_mems,
  put_online_mems,
  rcu_read_lock_sched,
  rcu_read_unlock_sched,
} from '../../kernel/locks.ts';
import { PTL } from '../../kernel/mm/memory/pgalloc.ts';
import { USE } from '../../kernel/mm/page.ts';
import { GFP, warn_alloc_text } from '../../kernel/mm/page_alloc/warn_alloc.ts';
import { bad_entry_text } from '../../kernel/mm/pgtable-generic.ts';
import { usage_steps } from '../../kernel/mm/sparse.ts';
import { follow_tables } from '../../kernel/mm/sparse-vmemmap/section_memmap.ts';
import { clear_page, type EntryPointer, mmu_steps } from '../../kernel/mmu.ts';
import { add, change, lock, look, operation, pr_err, pr_warn, trylock, unlock, W } from '../../kernel/ops.ts';
import { PFN_DOWN, PFN_PHYS } from '../../kernel/pfn.ts';
import type { State } from '../../kernel/state.ts';
import type { LockMode, Steps } from '../../steps/step.ts';
import { equal, intOf, numberOf, wordOf, ZERO } from '../values.ts';
import { LOCKS, MMAP_LOCK } from './locks.ts';
import { FREED, firstOf, PURPOSES } from './purposes.ts';
import type { Site, Standing } from './site.ts';

/** A function that the bundle's files call and do not define. */
export interface External {
  readonly is: Standing;
  /** Its result; 0 for none. */
  run?(site: Site): Steps<Int64>;
}

/** The bit of __GFP_ZERO (include/linux/gfp_types.h), the same in every modelled release. */
const GFP_ZERO = 0x100;

/** By memblock's memory; what it does not have is the first online node's. */
const nodeOfPfn = operation({
  name: 'early_pfn_to_nid',
  obj: 'memblock_type',
  writes: false,
  run: (state: State, phys: number): number => {
    const regions = state.memblock_type.get(0)!.regions;
    const region = regions.find(({ base, size }) => phys >= base && phys < base + size);
    return region
      ? region.nid
      : Math.min(...[...state.pgdat.values()].filter(({ online }) => online).map((n) => n.node_id));
  },
});

const hasSection = operation({
  name: 'pfn_valid',
  obj: 'mem_section',
  writes: false,
  run: (state: State, section: number): boolean => state.mem_section.has(Math.floor(section)),
});

const nodeDistance = operation({
  name: 'node_distance',
  obj: 'pgdat',
  writes: false,
  run: (state: State, from: number, to: number): number =>
    state.pgdat.get(from)?.distance[to] ?? (from === to ? 10 : 20),
});

/** A function that the model has. */
const kernel = (
  run: (k: Kernel, args: readonly Int64[], site: Site) => Steps<number | undefined>,
): External => ({
  is: 'modelled',
  *run(site) {
    const result = yield* run(site.k, site.args, site);
    return result === undefined ? ZERO : wordOf(result);
  },
});

/** A function whose result does not depend on the state. */
const answers = (is: Standing, value: (k: Kernel) => number): External => ({
  is,
  *run({ k }) {
    return wordOf(value(k));
  },
});

const locksSemaphore = (mode: LockMode): External =>
  kernel(function* (_k, _args, site) {
    const name = semaphoreOf(site);
    yield* lock(name, 'rwsem', mode);
    if (mode === 'write') site.written.add(name);
    return undefined;
  });

const unlocksSemaphore = (mode: LockMode): External =>
  kernel(function* (_k, _args, site) {
    const name = semaphoreOf(site);
    yield* unlock(name, 'rwsem', mode);
    site.written.delete(name);
    return undefined;
  });

function lockOf(site: Site): { readonly lock: string; readonly kind: 'mutex' | 'spinlock' } {
  const place = site.place(site.args[0]!);
  if (
    place.kind === 'variable' &&
    place.name === 'init_mm' &&
    place.offset === site.program.member('mm_struct', 'page_table_lock').offset
  )
    return { lock: PTL, kind: 'spinlock' };
  const name = place.kind === 'variable' && place.offset === 0 ? place.name.replace(/@\d+$/, '') : '';
  const known = LOCKS[name];
  if (!known || (known.kind !== 'mutex' && known.kind !== 'spinlock'))
    return site.stop(`the lock ${name || 'that is no variable'}`);
  return { lock: known.lock, kind: known.kind };
}

const locks: External = {
  is: 'modelled',
  *run(site) {
    const { lock: name, kind } = lockOf(site);
    yield* lock(name, kind);
    return ZERO;
  },
};

const unlocks: External = {
  is: 'modelled',
  *run(site) {
    const { lock: name, kind } = lockOf(site);
    yield* unlock(name, kind);
    return ZERO;
  },
};

/** The entry of a page table at a pointer. */
function entryAt(site: Site, at: Int64): EntryPointer {
  const place = site.place(at);
  return place.kind === 'memory' ? place.p : site.stop('a pointer to what is no page table entry');
}

/** The page of a struct page, or of what lies over it: a folio, a ptdesc. */
function pfnOf(site: Site, at: Int64): number {
  const place = site.place(at);
  return place.kind === 'struct page' && place.offset === 0
    ? place.pfn
    : site.stop('a pointer to what is no struct page');
}

function* clearBad(k: Kernel, level: 'pgd' | 'pud' | 'pmd', p: EntryPointer): Steps<undefined> {
  yield* pr_err(bad_entry_text(k, level, yield* READ_ONCE(p)));
  yield* k[`${level}_clear`](p);
  return undefined;
}

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

/** The arguments of a format that printk() takes; only what the modelled messages use. */
function formatted(site: Site, format: string, args: readonly Int64[]): string {
  let next = 0;
  const take = (): Int64 => args[next++] ?? site.stop(`printk of ${JSON.stringify(format)}`);
  return format.replace(
    /%(?:([#]?)(l{0,2})([xud])|s|%|(.))/g,
    (all, alternate: string, long: string, as: string, other: string) => {
      if (other !== undefined) return site.stop(`%${other} in a message`);
      if (all === '%%') return '%';
      if (all === '%s') return site.program.text(take());
      const { lo, hi } = take();
      const unsigned = long ? (BigInt(hi >>> 0) << 32n) | BigInt(lo >>> 0) : BigInt(lo >>> 0);
      if (as === 'x') return (alternate ? '0x' : '') + unsigned.toString(16);
      return String(as === 'd' ? BigInt.asIntN(long ? 64 : 32, unsigned) : unsigned);
    },
  );
}

/** Returns at once for the kernel's own tables. */
const ofUsers: External = {
  is: 'inert',
  *run(site) {
    const place = site.place(site.args[0]!);
    if (place.kind !== 'variable' || place.name !== 'init_mm') return site.stop('the tables of a program');
    return ZERO;
  },
};

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

const print = kernel(function* (_, [format, ...args], site) {
  const text = site.program.text(format!);
  const [, level, rest] =
    /^.([0-7])(.*?)\n?$/s.exec(text) ?? site.stop(`a message without a level: ${JSON.stringify(text)}`);
  yield { op: 'printk', level: Number(level), text: formatted(site, rest!, args) };
  return undefined;
});

/** The name of the semaphore at a pointer. */
function semaphoreOf(site: Site): string {
  const place = site.place(site.args[0]!);
  const ofInitMm =
    place.kind === 'variable' &&
    place.name === 'init_mm' &&
    place.offset === site.program.member('mm_struct', 'mmap_lock').offset;
  return ofInitMm ? MMAP_LOCK : site.stop('a semaphore that is not of init_mm');
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

const altmapAt = (site: Site, at: Int64): vmem_altmap | null => site.objectAt(at) as vmem_altmap | null;

/**
 * Functions outside of the compiled files. One that is not here stops the run; a function of the model is called on the
 * kernel, so that what a release, a design or the bundle itself replaces is what runs.
 */
export const EXTERNALS: Readonly<Record<string, External>> = {
  // locks
  mutex_lock: locks,
  mutex_unlock: unlocks,
  _raw_spin_lock: locks,
  _raw_spin_unlock: unlocks,
  __raw_spin_unlock: unlocks,
  down_read_trylock: kernel(function* (_k, _args, site) {
    return (yield* trylock(semaphoreOf(site), 'rwsem', 'read')) ? 1 : 0;
  }),
  down_read: locksSemaphore('read'),
  up_read: unlocksSemaphore('read'),
  down_write: locksSemaphore('write'),
  up_write: unlocksSemaphore('write'),
  get_online_mems: kernel(function* () {
    yield* get_online_mems();
    return undefined;
  }),
  put_online_mems: kernel(function* () {
    yield* put_online_mems();
    return undefined;
  }),

  // page allocator
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
  // of memory with a memmap in part only it would also ask the sub-section: no such page is mapped by vmap()
  pfn_valid: kernel(function* (k, [pfn]) {
    return (yield* look(hasSection, PFN_PHYS(k.c, numberOf(pfn!)) / k.c.SECTION_SIZE)) ? 1 : 0;
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

  // mm/sparse.c
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
  rcu_read_lock_sched: kernel(function* () {
    yield* rcu_read_lock_sched();
    return undefined;
  }),
  rcu_read_unlock_sched: kernel(function* () {
    yield* rcu_read_unlock_sched();
    return undefined;
  }),

  // struct vmem_altmap
  vmem_altmap_free: kernel(function* (_, [altmap, n], site) {
    (site.objectAt(altmap!) as vmem_altmap).alloc -= numberOf(n!);
    return undefined;
  }),

  // mm/memory.c and mm/pgtable-generic.c
  __pte_alloc_kernel: kernel(function* (k, [pmdp], site) {
    return yield* k.__pte_alloc_kernel(entryAt(site, pmdp!));
  }),
  __pmd_alloc: kernel(function* (k, [, pudp, addr], site) {
    return yield* k.__pmd_alloc(entryAt(site, pudp!), numberOf(addr!));
  }),
  __pud_alloc: kernel(function* (k, [, p4dp, addr], site) {
    return yield* k.__pud_alloc(entryAt(site, p4dp!), numberOf(addr!));
  }),
  p4d_free_pud_page: kernel(function* (k, [p4dp, addr], site) {
    return (yield* k.p4d_free_pud_page(entryAt(site, p4dp!), numberOf(addr!))) ? 1 : 0;
  }),
  pgd_clear_bad: kernel((k, [p], site) => clearBad(k, 'pgd', entryAt(site, p!))),
  pud_clear_bad: kernel((k, [p], site) => clearBad(k, 'pud', entryAt(site, p!))),
  pmd_clear_bad: kernel((k, [p], site) => clearBad(k, 'pmd', entryAt(site, p!))),
  arch_make_huge_pte: { is: 'refused' },
  set_huge_pte_at: { is: 'refused' },

  // arch/x86/mm
  flush_tlb_all: kernel(function* (k, _args, site) {
    yield* k.flush_tlb_all();
    // the model's books of what is freed before it is flushed
    if (!k.alone && site.chain[0] === 'remove_pagetable') yield* change(flushed);
    return undefined;
  }),
  flush_tlb_kernel_range: kernel(function* (k, [start, end]) {
    yield* k.flush_tlb_kernel_range(numberOf(start!), numberOf(end!));
    return undefined;
  }),
  // a new entry of the root, for the roots of processes
  sync_global_pgds: kernel(function* (k, [start, end]) {
    yield* k.sync_global_pgds(numberOf(start!), numberOf(end!));
    return undefined;
  }),
  arch_sync_kernel_mappings: kernel(function* (k, [start, end], site) {
    // the model does not do it for the vmalloc area
    if (site.chain[0]!.startsWith('vmemmap_'))
      yield* k.arch_sync_kernel_mappings(numberOf(start!), numberOf(end!));
    return undefined;
  }),
  // static calls of preemption
  __SCT__might_resched: answers('inert', () => 0),
  __SCT__cond_resched: answers('inert', () => 0),
  // until v5.11
  _cond_resched: answers('inert', () => 0),
  // memory types by MTRR: uniform, write-back (MTRR_TYPE_WRBACK)
  mtrr_type_lookup: {
    is: 'modelled',
    *run(site) {
      yield* site.write(site.args[2]!, 1, wordOf(1));
      return wordOf(6);
    },
  },
  // only boot and Xen look at them
  add_pfn_range_mapped: answers('inert', () => 0),
  // counts of /proc/meminfo, under pgd_lock
  update_page_count: answers('inert', () => 0),
  // marks the part of a block of the memmap that goes; of the linear map there is nothing to mark (it is called for it, too)
  vmemmap_pmd_is_unused: kernel(function* (k, [addr, end]) {
    const [from, to] = [numberOf(addr!), numberOf(end!)];
    if (from < k.c.VMEMMAP_START || to > k.c.VMEMMAP_END) return 0;
    return (yield* k.vmemmap_pmd_is_unused(from, to)) ? 1 : 0;
  }),
  // the same until v5.12: whether a byte of the block differs from PAGE_INUSE, which the range has been filled with
  memchr_inv: kernel(function* (k, [at], site) {
    if (site.chain[0] !== 'remove_pmd_table' && site.chain[0] !== 'remove_pud_table')
      return site.stop('memchr_inv()');
    const unused = site.inUse && (yield* k.vmemmap_pmd_is_unused(site.inUse.start, site.inUse.end));
    return unused ? 0 : numberOf(at!);
  }),
  // struct pages that come into use in a block that is there
  vmemmap_use_sub_pmd: answers('inert', () => 0),
  vmemmap_use_new_sub_pmd: answers('inert', () => 0),
  // entries of the kernel's half of the root are the same for both halves of the isolation
  __pti_set_user_pgtbl: {
    is: 'inert',
    *run({ args }) {
      return args[1]!;
    },
  },

  // memory hotplug
  __add_pages: kernel(function* (k, [nid, pfn, n, params], site) {
    return yield* k.__add_pages(
      intOf(nid!),
      numberOf(pfn!),
      numberOf(n!),
      site.objectAt(params!) as mhp_params,
    );
  }),
  __remove_pages: kernel(function* (k, [pfn, n, altmap, pgmap = ZERO], site) {
    if (site.objectAt(pgmap) !== null) return site.stop('a dev_pagemap');
    yield* k.__remove_pages(numberOf(pfn!), numberOf(n!), altmapAt(site, altmap!), -1);
    return undefined;
  }),
  memblock_clear_nomap: kernel(function* (k, [start, size]) {
    yield* k.memblock_clear_nomap(numberOf(start!), numberOf(size!));
    return undefined;
  }),
  can_set_direct_map: answers('modelled', (k) => (k.c.can_set_direct_map ? 1 : 0)),

  // nodes
  early_pfn_to_nid: kernel(function* (k, [pfn]) {
    return yield* look(nodeOfPfn, PFN_PHYS(k.c, numberOf(pfn!)));
  }),
  __node_distance: kernel(function* (_, [from, to]) {
    return yield* look(nodeDistance, intOf(from!), intOf(to!));
  }),

  // messages
  // until v5.14
  printk: print,
  _printk: print,
  // printed with the warning that follows
  __warn_printk: kernel(function* (_, [format, ...args], site) {
    site.said.text = formatted(site, site.program.text(format!), args).replace(/\n$/, '');
    return undefined;
  }),
  warn_alloc: kernel(function* (_, [, , format, ...args], site) {
    const text = formatted(site, site.program.text(format!), args);
    if (!/^vmemmap alloc failure: order:\d+$/.test(text))
      return site.stop(`warn_alloc(${JSON.stringify(text)})`);
    yield* pr_warn(yield* warn_alloc_text(GFP.KERNEL_RETRY_MAYFAIL, text));
    return undefined;
  }),
  // arch/arm64/mm/contpte.c: only user space has its entries folded
  __contpte_try_fold: ofUsers,
  __contpte_try_unfold: ofUsers,
  // gathers access and dirty bits of the group, which all entries of a group of the kernel have alike
  contpte_ptep_get: {
    is: 'inert',
    *run({ args }) {
      return args[1]!;
    },
  },
  // the same; it reads the group again until it finds it whole, as every group of the kernel's tables is
  contpte_ptep_get_lockless: {
    is: 'modelled',
    *run(site) {
      return yield* site.read(site.args[0]!, 8);
    },
  },
  dump_stack: { is: 'refused' },
  mte_sync_tags: { is: 'refused' },
  __sync_icache_dcache: { is: 'refused' },
};
