import {
  MEMMAP,
  NO_PAGE,
  type Page,
  PG_hwpoison,
  PG_reserved,
  PG_vmemmap_self_hosted,
  page_memmap,
  page_use,
  USE,
  with_hstate,
  with_use,
} from '../../kernel/mm/page.ts';
import { type State, zone_idx } from '../../kernel/state.ts';
import type { Session } from '../../scenarios/running/session.ts';
import { type BlockPages, knownPages } from './summary.ts';
import { CLASS } from './word.ts';

/** What is known of the machine besides words of pages, for {@link placeBlock}. */
export interface PageContext {
  /** Pages on the lists of all CPUs, by zone; pages without flags may be these. */
  readonly per_cpu: ReadonlyMap<number, number>;
  /** Whether memory may hold its own memmap (memmap_on_memory). */
  readonly memmap_on_memory: boolean;
  /** The orders of the huge pages of which there are pools, the largest first. */
  readonly huge_orders: readonly number[];
}

/** Where the memmap and the tables of memory added later lie is the model's choice: they stay where it has put them. */
const isInit = (page: Page): boolean =>
  page !== NO_PAGE &&
  page_memmap(page) === MEMMAP.INIT &&
  page_use(page) !== USE.MEMMAP &&
  page_use(page) !== USE.TABLE;

/** The pages of a block that hold its own struct pages: those reserved or marked at its start, exactly as many. */
function selfHosted(session: Session, id: number, { runs }: BlockPages): number {
  const { c } = session.kernel;
  const perBlock = c.memory_block_size_bytes / c.PAGE_SIZE;
  const [first] = runs;
  const needed = Math.ceil((perBlock * 64) / c.PAGE_SIZE);
  const rounded = Math.ceil(needed / c.pageblock_nr_pages) * c.pageblock_nr_pages;
  if (first?.class !== CLASS.reserved || first.pfn !== id * perBlock) return 0;
  return first.nr_pages === needed || first.nr_pages === rounded ? first.nr_pages : 0;
}

/**
 * Gives the pages of an online block the uses that its words show, as far as page isolation and migration tell them
 * apart: the first unmovable page of each pageblock, the huge, reserved, poisoned and PageOffline pages where they are,
 * movable ones by their number. Whether a page without flags is the kernel's is decided by number: the CPUs' lists can
 * only have so many.
 */
export function placeBlock(session: Session, id: number, block: BlockPages, context: PageContext): void {
  const { state, kernel } = session;
  const { c } = kernel;
  const own = state.memory_block.get(id);
  if (!own || own.offline) return;
  const perBlock = c.memory_block_size_bytes / c.PAGE_SIZE;
  const [start, end] = [id * perBlock, (id + 1) * perBlock];
  const hosted = context.memmap_on_memory ? selfHosted(session, id, block) : 0;
  if (hosted > 0) {
    own.nr_vmemmap_pages = hosted;
    state.pages.update(start, start + hosted, (page) =>
      isInit(page) ? with_use(page, USE.NONE) | PG_vmemmap_self_hosted : page,
    );
  }
  if (knownPages(block) === perBlock)
    state.pages.update(start + hosted, end, (page) =>
      isInit(page) ? with_use(page & ~PG_reserved, USE.FREE) : page,
    );
  for (const run of block.runs) if (run.pfn >= start + hosted) placeRun(session, run, context.huge_orders);
  // what is in ZONE_MOVABLE was allocated as movable, whatever its flags are just now
  if (own.zone >= 0 && zone_idx(own.zone) === c.ZONE_MOVABLE) {
    placeMovable(state, start, end, block.counts[CLASS.lru]!);
    return;
  }
  for (const { pfn, class: kind } of block.unmovable)
    if (kind !== CLASS.reserved) use(state, pfn, pfn + 1, USE.UNMOVABLE);
  if (bareIsUsed(state, own.zone, block, context)) {
    const pfn = block.first[CLASS.bare]!;
    use(state, pfn, pfn + 1, USE.UNMOVABLE);
  }
  placeMovable(state, start, end, block.counts[CLASS.lru]!);
}

const use = (state: State, start: number, end: number, what: number): void =>
  state.pages.update(start, end, (page) => (isInit(page) ? with_use(page, what) : page));

/** More pages without flags than the CPUs' lists hold: some of them are the kernel's. */
export function bareIsUsed(
  state: State,
  zone: number,
  { counts }: BlockPages,
  { per_cpu }: PageContext,
): boolean {
  if (counts[CLASS.bare]! === 0) return false;
  if (zone < 0 || state.zone.get(zone)?.name === undefined) return counts[CLASS.bare]! > 0;
  return counts[CLASS.bare]! > (per_cpu.get(zone) ?? 0);
}

function placeRun(
  { state, kernel }: Session,
  run: BlockPages['runs'][number],
  pools: readonly number[],
): void {
  const { huge_page_orders: orders, PAGE_SIZE } = kernel.c;
  const perBlock = kernel.c.memory_block_size_bytes / PAGE_SIZE;
  const [start, end] = [run.pfn, run.pfn + run.nr_pages];
  const become = (image: (page: Page) => Page): void =>
    state.pages.update(start, end, (page) => (isInit(page) ? image(page) : page));
  switch (run.class) {
    case CLASS.reserved:
      become((page) => with_use(page, USE.NONE) | PG_reserved);
      break;
    case CLASS.hwpoison:
      become((page) => with_use(page, USE.FREE) | PG_hwpoison);
      break;
    case CLASS.PageOffline:
      use(state, start, end, ofVirtioMem(state, start * PAGE_SIZE) ? USE.OFFLINE_NOREF : USE.OFFLINE_REF);
      break;
    case CLASS.hugetlb: {
      const own = pools.find((order) =>
        2 ** order > perBlock ? run.nr_pages === perBlock : run.nr_pages % 2 ** order === 0,
      );
      const order = own ?? orders.find((one) => start % 2 ** one === 0) ?? orders[0]!;
      become((page) => with_hstate(page, USE.HUGE_USED, orders.indexOf(order)));
      break;
    }
  }
}

/** Whether virtio-mem has added the memory: it drops its references when it goes offline; a balloon does not. */
const ofVirtioMem = (state: State, address: number): boolean =>
  [...innermostNames(state, address)].some((name) => /virtio/.test(name));

/** The names of the resources that hold an address, the outermost first. */
function* innermostNames(state: State, address: number): Generator<string> {
  let level = state.iomem_resource.children;
  for (;;) {
    const found = level.find(({ start, end }) => start <= address && address <= end);
    if (!found) return;
    yield found.name;
    level = found.children;
  }
}

/** Makes so many free pages of the range movable, the last ones first. */
function placeMovable(state: State, start: number, end: number, count: number): void {
  let left = count;
  const free = [...state.pages.in(start, end)].filter(({ value }) => page_use(value) === USE.FREE);
  for (const run of free.reverse()) {
    if (left === 0) break;
    const taken = Math.min(left, run.end - run.start);
    use(state, run.end - taken, run.end, USE.MOVABLE);
    left -= taken;
  }
}
