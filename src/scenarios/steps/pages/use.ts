import { z } from 'zod';
import { BadOperation } from '../../../errors/bad-operation.ts';
import {
  type Page,
  PageOffline,
  PageReserved,
  PG_hwpoison,
  page_nid,
  page_use,
  page_zonenum,
  USE,
} from '../../../kernel/mm/page.ts';
import { type State, zone_key } from '../../../kernel/state.ts';
import { reserveBootmem } from '../../reserved/reserve-bootmem.ts';
import { usePages } from '../../running/page-use.ts';
import { returned } from '../../running/result.ts';
import type { Session } from '../../running/session.ts';
import { stepKind } from '../common/kind.ts';
import { hex, pfnsOf, range, rangeText } from '../common/values.ts';

/** Changes the use of a range of pages. */
type Become = (session: Session, first: number, end: number) => void;

/** A driver that makes pages PageOffline removes them from the managed pages, and later restores them. */
function accountOffline(state: State, first: number, end: number, offline: boolean): void {
  for (const { start, end: stop, value } of state.pages.in(first, end)) {
    if (PageOffline(value) === offline || page_use(value) === USE.NONE) continue;
    const pages = offline ? start - stop : stop - start;
    state.zone.get(zone_key(page_nid(value), page_zonenum(value)))!.managed_pages += pages;
    state.vars.get(0)!.totalram_pages += pages;
  }
}

const used =
  (use: number, offline = false): Become =>
  (session, first, end) => {
    accountOffline(session.state, first, end, offline);
    usePages(session, first, end, use);
  };

function poison({ kernel, state }: Session, first: number, end: number): void {
  const { c } = kernel;
  state.pages.update(first, end, (page) => page | PG_hwpoison);
  state.vars.get(0)!.num_poisoned_pages += end - first;
  const perBlock = c.memory_block_size_bytes / c.PAGE_SIZE;
  for (const [id, block] of state.memory_block) {
    const overlap = Math.min((id + 1) * perBlock, end) - Math.max(id * perBlock, first);
    block.nr_hwpoison += Math.max(0, overlap);
  }
}

const free = used(USE.FREE);

/** The pages as if the allocator had never had them. */
const reserved: Become = (session, first, end) => {
  free(session, first, end);
  reserveBootmem(session.state, first, end);
};

const uses = {
  movable: used(USE.MOVABLE),
  pinned: used(USE.PINNED),
  unmovable: used(USE.UNMOVABLE),
  free,
  hugepage: used(USE.HUGE_USED),
  hugepage_free: used(USE.HUGE_FREE),
  offline: used(USE.OFFLINE_NOREF, true),
  offline_ref: used(USE.OFFLINE_REF, true),
  hwpoison: poison,
  reserved,
} satisfies Record<string, Become>;

/** Checks that the blocks of the range are online: only then can pages be used. */
function checkOnline({ kernel, state }: Session, first: number, end: number): void {
  const perBlock = kernel.c.memory_block_size_bytes / kernel.c.PAGE_SIZE;
  if (end <= first) throw new BadOperation('use: the range holds no page');
  for (let id = Math.floor(first / perBlock); id * perBlock < end; id++) {
    const block = state.memory_block.get(id);
    if (!block || block.offline)
      throw new BadOperation(`use: memory${id} is ${block ? 'offline' : 'not there'}`);
  }
}

const USED_BY_THE_KERNEL: ReadonlyMap<number, string> = new Map([
  [USE.TABLE, 'is a page table'],
  [USE.MEMMAP, 'holds struct pages'],
]);

/** What such a page is that no program can have; undefined for others. */
const kernelsPage = (page: Page): string | undefined =>
  page_use(page) !== USE.NONE
    ? USED_BY_THE_KERNEL.get(page_use(page))
    : PageReserved(page)
      ? 'is reserved'
      : 'is not managed';

/** Checks that the page allocator has the pages, and that the kernel itself does not need them. */
function checkNotTheKernels({ kernel, state }: Session, first: number, end: number): void {
  const at = (pfn: number): string => `use: the page at ${hex(pfn * kernel.c.PAGE_SIZE)}`;
  const pfn = state.pages.first(first, end, (page) => kernelsPage(page) !== undefined);
  if (pfn >= 0) throw new BadOperation(`${at(pfn)} ${kernelsPage(state.pages.get(pfn))!}`);
  for (const table of state.page_ext.values()) {
    const from = Math.max(first, table.pfn);
    if (table.pfn >= 0 && from < Math.min(end, table.pfn + table.nr_pages))
      throw new BadOperation(`${at(from)} holds the page_ext of a section`);
  }
}

/** Checks that no driver of a virtio-mem device keeps the pages because they are unplugged. */
function checkPlugged({ kernel, state }: Session, first: number, end: number): void {
  const { PAGE_SIZE } = kernel.c;
  for (const [device, { bound, addr, region_size }] of state.virtio_mem) {
    const [from, to] = [Math.max(first, addr / PAGE_SIZE), Math.min(end, (addr + region_size) / PAGE_SIZE)];
    const pfn = bound && from < to ? state.pages.first(from, to, PageOffline) : -1;
    if (pfn >= 0)
      throw new BadOperation(`use: the page at ${hex(pfn * PAGE_SIZE)} is not plugged in virtio${device}`);
  }
}

export const use = stepKind({
  schema: z
    .strictObject({
      ...range,
      as: z.enum(Object.keys(uses) as (keyof typeof uses)[]),
    })
    .meta({ description: 'What the pages of an online range are used for' }),
  scene: true,
  text: (step) => `${rangeText(step)} is ${step.as}`,
  run: (session, step) => {
    const [first, end] = pfnsOf(step, session.kernel.c.PAGE_SIZE);
    checkOnline(session, first, end);
    checkNotTheKernels(session, first, end);
    checkPlugged(session, first, end);
    uses[step.as](session, first, end);
    return returned(0);
  },
});
