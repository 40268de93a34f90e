import { newMmu } from '../../hardware/mmu.ts';
import { MASK_1G, MASK_2M, type map_range, split_mem_range } from '../../kernel/arch/x86/mm/init.ts';
import { kernel_entries } from '../../kernel/arch/x86/mm/init_64/sync_global_pgds.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import { NO_PAGE, PG_reserved, page_use, page_zonenum, USE, with_use } from '../../kernel/mm/page.ts';
import { section_nr_to_pfn, vmemmap_of } from '../../kernel/pfn.ts';
import { MEMBLOCK_MEMORY, SECTION_IS_EARLY, type State } from '../../kernel/state.ts';
import type { Machine } from '../../machines/machine.ts';
import { Runner } from '../../schedule/runner.ts';
import type { Steps } from '../../steps/step.ts';
import { MemblockFree } from '../memory/memblock-free.ts';
import type { Taken } from '../memory/memmap.ts';

/**
 * The tables that init_mem_mapping() and sparse_init() leave on x86-64: the linear map of boot memory and its memmap.
 * Their pages are memblock's. Mappings of the kernel image are left out.
 */

const PMD_SIZE = 2 ** 21;
const PUD_SIZE = 2 ** 30;
const ISA_END_ADDRESS = 2 ** 20;

interface Span {
  readonly start: number;
  readonly end: number;
}

/** memblock's memory in whole pages, before it knows of nodes: adjacent regions are one. */
function memoryOf(k: Kernel, state: State): Span[] {
  const { PAGE_SIZE } = k.c;
  const found: Span[] = [];
  for (const { base, size } of state.memblock_type.get(MEMBLOCK_MEMORY)!.regions) {
    const start = Math.ceil(base / PAGE_SIZE) * PAGE_SIZE;
    const end = Math.floor((base + size) / PAGE_SIZE) * PAGE_SIZE;
    const last = found.at(-1);
    if (last?.end === start) found[found.length - 1] = { start: last.start, end };
    else if (start < end) found.push({ start, end });
  }
  return found;
}

/** adjust_range_page_size_mask(): larger leaves may map a piece if what they map beside it is memory, too. */
const widened =
  (k: Kernel, memory: readonly Span[]) =>
  (mr: map_range): void => {
    for (const [mask, size] of [
      [MASK_2M, PMD_SIZE],
      [MASK_1G, PUD_SIZE],
    ] as const) {
      if (!(k.c.page_size_mask & mask)) continue;
      const start = Math.floor(mr.start / size) * size;
      const end = Math.ceil(mr.end / size) * size;
      if (memory.some((region) => region.start <= start && end <= region.end)) mr.page_size_mask |= mask;
    }
  };

/** memory_map_top_down(): the ends of the steps, from the top; each step but the first is 256 times the one before. */
function stepsDown(memory: readonly Span[], end: number): number[] {
  const top = Math.max(
    ISA_END_ADDRESS,
    ...memory.map((region) => {
      const last = Math.floor(region.end / PMD_SIZE) * PMD_SIZE;
      return last - PMD_SIZE >= region.start ? last : 0;
    }),
  );
  const bounds = top < end ? [end, top] : [top];
  let step = PMD_SIZE;
  let mapped = 0;
  for (let last = top; last > ISA_END_ADDRESS; ) {
    const start = last > step ? Math.floor((last - 1) / step) * step : ISA_END_ADDRESS;
    const next = Math.max(start, ISA_END_ADDRESS);
    for (const region of memory)
      mapped += Math.max(0, Math.min(region.end, last) - Math.max(region.start, next));
    bounds.push(next);
    last = next;
    if (mapped >= step) step *= 256;
  }
  return bounds;
}

function* mapRange(k: Kernel, memory: readonly Span[], start: number, end: number): Steps<void> {
  for (const mr of split_mem_range(k.c, start, end, widened(k, memory)))
    yield* k.kernel_physical_mapping_init(mr.start, mr.end, mr.page_size_mask, k.c.pgprot.PAGE_KERNEL);
}

function* mapLinear(k: Kernel, state: State): Steps<void> {
  const memory = memoryOf(k, state);
  yield* mapRange(k, memory, 0, ISA_END_ADDRESS);
  const end = Math.max(0, ...memory.map((region) => region.end));
  const bounds = stepsDown(memory, end);
  // what lies above the first step is mapped last
  const tail =
    bounds[0] === end && bounds[1] !== undefined && bounds[1] % PMD_SIZE === 0 && bounds[0] % PMD_SIZE;
  const steps = bounds.slice(1).map((low, i) => [low, bounds[i]!] as const);
  const ordered = tail ? [...steps.slice(1), steps[0]!] : steps;
  for (const [low, high] of ordered) {
    for (const region of memory) {
      const from = Math.max(region.start, low);
      const to = Math.min(region.end, high);
      if (from < to) yield* mapRange(k, memory, from, to);
    }
  }
}

/**
 * Both maps of what was hot-added before: blocks that are offline, or a driver's. What memblock has as memory is in the linear
 * map already.
 */
function* mapLate(k: Kernel, state: State, sections: readonly number[]): Steps<void> {
  const { SECTION_SIZE } = k.c;
  const memory = memoryOf(k, state);
  const unmapped = sections.filter(
    (nr) => !memory.some(({ start, end }) => start <= nr * SECTION_SIZE && (nr + 1) * SECTION_SIZE <= end),
  );
  for (let i = 0; i < unmapped.length; ) {
    let n = 1;
    while (unmapped[i + n] === unmapped[i]! + n) n++;
    const start = unmapped[i]! * SECTION_SIZE;
    yield* k.init_memory_mapping(start, start + n * SECTION_SIZE, k.c.pgprot.PAGE_KERNEL);
    i += n;
  }
  yield* mapMemmap(k, state, sections);
}

/** The memmap of sections, of which adjacent ones on a node are populated at once; not 0 without memory. */
function* mapMemmap(k: Kernel, { mem_section }: State, sections: readonly number[]): Steps<number> {
  const nidOf = (nr: number): number => mem_section.get(nr)!.nid;
  for (let i = 0; i < sections.length; ) {
    const first = sections[i]!;
    const nid = nidOf(first);
    let n = 1;
    while (sections[i + n] === first + n && nidOf(first + n) === nid) n++;
    const [start, end] = [first, first + n].map((nr) => vmemmap_of(k.c, section_nr_to_pfn(k.c, nr)));
    const ret = yield* k.vmemmap_populate(start!, end!, nid, null);
    if (ret) return ret;
    i += n;
  }
  return 0;
}

/**
 * Makes free pages unavailable that the kernel cannot have taken for memory that it added: those of such memory itself, and of
 * ZONE_MOVABLE.
 */
function hideLater({ c }: Kernel, { pages }: State, late: readonly number[]): () => void {
  const hidden: { start: number; end: number; page: number }[] = [];
  const hide = (first: number, last: number, is: (page: number) => boolean): void => {
    for (const { start, end, value } of [...pages.in(first, last)])
      if (value !== NO_PAGE && page_use(value) === USE.FREE && is(value))
        hidden.push({ start, end, page: value });
  };
  if (late.length === 0) return () => {};
  hide(0, Number.MAX_SAFE_INTEGER, (page) => page_zonenum(page) === c.ZONE_MOVABLE);
  for (const nr of late)
    hide(
      section_nr_to_pfn(c, nr),
      section_nr_to_pfn(c, nr + 1),
      (page) => page_zonenum(page) !== c.ZONE_MOVABLE,
    );
  for (const { start, end, page } of hidden) pages.set(start, end, with_use(page, USE.MOVABLE));
  return () => {
    for (const { start, end, page } of hidden) pages.set(start, end, page);
  };
}

const cpuCount = (machine: Machine): number =>
  (machine.nodes ?? []).reduce((sum, node) => sum + node.cpus.length, 0) || 1;

/**
 * The kernel with memblock's allocator of tables: from the top of a node. The first dozen really lies in the image,
 * whose memory a described machine does not name.
 */
function early(machine: Machine, k: Kernel, state: State): Kernel {
  const free = new MemblockFree(machine, k, state, false);
  const [first = 0] = state.pgdat.keys();
  return {
    ...k,
    *$alloc_pages(_site, nid, _least, _most, _align, use) {
      const pfn = free.take(nid < 0 ? first : nid, 1, false);
      if (pfn < 0) return null;
      state.pages.update(pfn, pfn + 1, (page) => with_use(page, use));
      return { pfn, nr_pages: 1 };
    },
  };
}

/** The pages that boot has taken for tables are memblock's. */
function keepTables(state: State): void {
  state.pages.update(0, Number.MAX_SAFE_INTEGER, (page) =>
    page !== NO_PAGE && page_use(page) === USE.TABLE ? with_use(page | PG_reserved, USE.NONE) : page,
  );
  state.table_pages = { allocated: {}, freed: {} };
}

/** The linear map. */
export function bootTables(machine: Machine, k: Kernel, state: State): string[] {
  const root = k.c.swapper_pg_dir / k.c.PAGE_SIZE;
  state.mmu = newMmu({ t: k.c.t, root: k.c.swapper_pg_dir, cpus: cpuCount(machine) });
  state.pages.update(root, root + 1, (page) =>
    page !== NO_PAGE && page_use(page) === USE.FREE ? with_use(page | PG_reserved, USE.NONE) : page,
  );
  const { ended } = new Runner(state).run(mapLinear(early(machine, k, state), state));
  keepTables(state);
  return ended === 'bug' ? ['boot memory is too small for its own page tables: they are incomplete'] : [];
}

/** The memmap of boot memory, in the pages that memblock has given, and both maps of what was hot-added before. */
export function bootMemmap(
  machine: Machine,
  k: Kernel,
  state: State,
  sections: readonly number[],
  taken: Taken,
): string[] {
  const isEarly = (nr: number): boolean =>
    (state.mem_section.get(nr)!.section_mem_map & SECTION_IS_EARLY) !== 0;
  const ofBoot = sections.filter(isEarly);
  const left = new Map([...taken].map(([nid, runs]) => [nid, runs.map((run) => ({ ...run }))]));
  const order = k.c.PMD_SIZE / k.c.PAGE_SIZE;
  const from: Kernel = {
    ...early(machine, k, state),
    *vmemmap_alloc_block_buf(this: Kernel, size, node, altmap) {
      const run = left.get(node)?.find(({ nrPages }) => nrPages >= order);
      if (size !== k.c.PMD_SIZE || !run) return yield* k.vmemmap_alloc_block_buf(size, node, altmap);
      run.pfn += order;
      run.nrPages -= order;
      return run.pfn - order;
    },
  };
  const runner = new Runner(state);
  const ret = runner.run(mapMemmap(from, state, ofBoot)).value ?? 1;
  // the first process; what was hot-added before reaches it as it does any other
  state.pgd_list = [{ mm: 1, entries: kernel_entries(state) }];
  state.pages.update(0, Number.MAX_SAFE_INTEGER, (page) =>
    page !== NO_PAGE && page_use(page) === USE.MEMMAP ? with_use(page | PG_reserved, USE.NONE) : page,
  );
  state.vars.get(0)!.nr_vmemmap_pages = 0;
  const late = sections.filter((nr) => !isEarly(nr));
  const giveBack = hideLater(k, state, late);
  runner.run(mapLate(k, state, late));
  giveBack();
  keepTables(state);
  return ret ? ['boot memory is too small for its own memmap: it is incomplete'] : [];
}
