import type { Kernel } from '../../kernel/kernel.ts';
import {
  PageReserved,
  PG_reserved,
  page_nid,
  page_use,
  page_zonenum,
  USE,
  with_use,
} from '../../kernel/mm/page.ts';
import { type State, zone_idx } from '../../kernel/state.ts';
import type { Machine } from '../../machines/machine.ts';
import { MemblockFree } from './memblock-free.ts';

/** What the struct pages of boot memory cost a machine that is described, not read. */

/** A source with zones or blocks says itself how much memory is managed, and not where its struct pages are. */
export const isDescribed = ({ zones, blocks, iomem }: Machine): boolean => !zones && !blocks && !iomem;

/** The pages that memblock has given for struct pages, by node. */
export type Taken = ReadonlyMap<number, readonly { readonly pfn: number; readonly nrPages: number }[]>;

/** x86: sparse_init() takes them from memblock, node by node. arm64 has taken them with its page tables. */
export function takeMemmap(machine: Machine, k: Kernel, state: State): Taken {
  const taken = new Map<number, { pfn: number; nrPages: number }[]>();
  if (k.c.arch !== 'x86_64') return taken;
  const free = new MemblockFree(machine, k, state, false);
  for (const nid of state.pgdat.keys()) taken.set(nid, [...free.takeMemmap(k, state, nid)]);
  for (const { pfn, nrPages } of [...taken.values()].flat())
    state.pages.update(pfn, pfn + nrPages, (page) => with_use(page | PG_reserved, USE.NONE));
  return taken;
}

/** memblock_free_all(): a zone manages what memblock gives to the page allocator. */
export function countManaged(machine: Machine, state: State): void {
  if (!isDescribed(machine)) return;
  let total = 0;
  for (const [key, zone] of state.zone) {
    const { zone_start_pfn: start, spanned_pages } = zone;
    const nid = Math.floor(key / 8);
    if (spanned_pages > 0)
      zone.managed_pages = state.pages.total(
        start,
        start + spanned_pages,
        (page) =>
          page_use(page) !== USE.NONE &&
          !PageReserved(page) &&
          page_nid(page) === nid &&
          page_zonenum(page) === zone_idx(key),
      );
    total += zone.managed_pages;
  }
  state.vars.get(0)!.totalram_pages = total;
}
