import { entrySize } from '../../geometry/translation.ts';
import { newMmu } from '../../hardware/mmu.ts';
import {
  NO_BLOCK_MAPPINGS,
  NO_CONT_MAPPINGS,
  NO_EXEC_MAPPINGS,
} from '../../kernel/arch/arm64/mm/mmu/create_pgd_mapping.ts';
import { SIZEOF_STRUCT_PAGE } from '../../kernel/config.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import { MEMBLOCK_NOMAP } from '../../kernel/mm/memblock/memblock.ts';
import { NO_PAGE, PageReserved, PG_reserved, page_use, USE, with_use } from '../../kernel/mm/page.ts';
import { phys_to_virt, vmemmap_of } from '../../kernel/pfn.ts';
import { MEMBLOCK_MEMORY, SECTION_IS_EARLY, type State } from '../../kernel/state.ts';
import type { Machine } from '../../machines/machine.ts';
import { Runner } from '../../schedule/runner.ts';
import type { Steps } from '../../steps/step.ts';
import { mapPermanent } from './permanent.ts';
import { depthIn, writeRecorded } from './recorded-tables.ts';

/**
 * The state that paging_init() and sparse_init() leave on arm64: the linear map of boot memory, its memmap, and the
 * tables of both, in pages that belong to memblock. The kernel image has no protections of its own here.
 */

function* mapMem(k: Kernel, state: State): Steps<number> {
  const { MHP } = k.c.pgprot;
  const basePages = k.c.can_set_direct_map ? NO_BLOCK_MAPPINGS | NO_CONT_MAPPINGS : 0;
  for (const { base, size, flags } of state.memblock_type.get(MEMBLOCK_MEMORY)!.regions) {
    if (flags & MEMBLOCK_NOMAP) continue;
    const start = Math.ceil(base / k.c.PAGE_SIZE) * k.c.PAGE_SIZE;
    const end = Math.floor((base + size) / k.c.PAGE_SIZE) * k.c.PAGE_SIZE;
    if (end <= start) continue;
    const virt = phys_to_virt(k.c, start);
    const ret = yield* k.__create_pgd_mapping(
      k.c.swapper_pg_dir,
      start,
      virt,
      end - start,
      MHP,
      'early_pgtable_alloc',
      NO_EXEC_MAPPINGS | basePages,
    );
    if (ret) return ret;
  }
  return 0;
}

/** The memmap of adjacent sections at once, of which the kernel warns: it populates each by itself. */
function* mapMemmap(kernel: Kernel, sections: readonly number[]): Steps<number> {
  const k: Kernel = { ...kernel, *WARN_ON_ONCE() {} };
  for (let i = 0; i < sections.length; ) {
    const first = sections[i]!;
    let n = 1;
    while (sections[i + n] === first + n) n++;
    const [start, end] = [first, first + n].map((nr) => vmemmap_of(k.c, nr * k.c.PAGES_PER_SECTION));
    const ret = yield* k.vmemmap_populate(start!, end!, -1, null);
    if (ret) return ret;
    i += n;
  }
  return 0;
}

/** Whether early sections overlap the memory whose mapping, or whose memmap, lies at kernel addresses. */
function isOfBoot(k: Kernel, { mem_section }: State, region: string, va: number, size: number): boolean {
  const { c } = k;
  const toPfn = (at: number): number =>
    region === 'linear'
      ? (at - phys_to_virt(c, 0)) / c.PAGE_SIZE
      : (at - vmemmap_of(c, 0)) / (vmemmap_of(c, 1) - vmemmap_of(c, 0));
  const [first, last] = [toPfn(va), toPfn(va + size) - 1].map((pfn) => Math.floor(pfn / c.PAGES_PER_SECTION));
  for (const [nr, { section_mem_map }] of mem_section)
    if (nr >= first! && nr <= last! && section_mem_map & SECTION_IS_EARLY) return true;
  return false;
}

/** The memmap of a block lies at its beginning (memmap_on_memory): no file says so, but where it is mapped does. */
function holdsOwnMemmap({ c }: Kernel, { memory_block }: State, address: number): void {
  const block = memory_block.get(Math.floor(address / c.memory_block_size_bytes));
  const bytes = (c.memory_block_size_bytes / c.PAGE_SIZE) * SIZEOF_STRUCT_PAGE;
  if (block) block.nr_vmemmap_pages = Math.ceil(bytes / c.PAGE_SIZE);
}

/** Whether a section was added after boot. */
const isLate = (state: State, nr: number): boolean =>
  ((state.mem_section.get(nr)?.section_mem_map ?? 0) & SECTION_IS_EARLY) === 0;

const cpuCount = (machine: Machine): number =>
  (machine.nodes ?? []).reduce((sum, node) => sum + node.cpus.length, 0) || 1;

export function bootTables(
  machine: Machine,
  k: Kernel,
  state: State,
  sections: readonly number[],
  permanent: boolean,
): string[] {
  state.mmu = newMmu({ t: k.c.t, root: k.c.swapper_pg_dir, cpus: cpuCount(machine) });
  const root = k.c.swapper_pg_dir / k.c.PAGE_SIZE;
  const keep = (start: number, end: number, test: (use: number) => boolean): void =>
    state.pages.update(start, end, (page) =>
      page !== NO_PAGE && test(page_use(page)) ? with_use(page | PG_reserved, USE.NONE) : page,
    );
  const keepRange = (start: number, size: number): void =>
    keep(start / k.c.PAGE_SIZE, (start + size) / k.c.PAGE_SIZE, () => true);
  keep(root, root + 1, () => true);
  if (machine.tables) {
    const regions = [machine.tables.linear, machine.tables.vmemmap];
    writeRecorded(state.mmu, k.c, regions);
    // memory added later has its tables and its memmap from the page allocator
    const take = (pa: number, size: number, use: number): void =>
      state.pages.update(pa / k.c.PAGE_SIZE, (pa + size) / k.c.PAGE_SIZE, (page) =>
        page_use(page) === USE.FREE || PageReserved(page) ? with_use(page & ~PG_reserved, use) : page,
      );
    for (const region of regions)
      for (const table of region.tables) {
        const pfn = table.pa / k.c.PAGE_SIZE;
        const depth = depthIn(k.c.t, table);
        if (isOfBoot(k, state, region.name, table.va, entrySize(k.c.t, depth - 1)))
          keepRange(table.pa, k.c.PAGE_SIZE);
        else take(table.pa, k.c.PAGE_SIZE, USE.TABLE);
        state.table_level.set(pfn, pfn + 1, k.c.t.name[depth]!);
      }
    for (const { va, pa, size, leaf_size: step } of machine.tables.vmemmap.leaves)
      for (let at = 0; at < size; at += step) {
        if (isOfBoot(k, state, 'vmemmap', va + at, step)) keepRange(pa + at, step);
        else if (!isLate(state, Math.floor((pa + at) / k.c.SECTION_SIZE))) take(pa + at, step, USE.MEMMAP);
        else holdsOwnMemmap(k, state, pa + at);
      }
    return [];
  }
  const runner = new Runner(state);
  const ret =
    runner.run(mapMem(k, state)).value ||
    runner.run(mapMemmap(k, sections)).value ||
    (permanent && runner.run(mapPermanent(k)).value);
  keep(0, Number.MAX_SAFE_INTEGER, (use) => use === USE.TABLE || use === USE.MEMMAP);
  state.vars.get(0)!.nr_vmemmap_pages = 0;
  state.table_pages = { allocated: {}, freed: {} };
  return !ret ? [] : ['boot memory is too small for its own page tables: they are incomplete'];
}
