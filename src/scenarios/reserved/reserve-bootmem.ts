import {
  NO_PAGE,
  PG_reserved,
  page_nid,
  page_use,
  page_zonenum,
  USE,
  with_use,
} from '../../kernel/mm/page.ts';
import { type State, zone_key } from '../../kernel/state.ts';

/**
 * reserve_bootmem_region() for pages that the allocator has never had. Writes the state directly: boot is no operation.
 */
export function reserveBootmem(state: State, start: number, end: number): void {
  for (const run of state.pages.in(start, end)) {
    if (page_use(run.value) !== USE.FREE) continue;
    const pages = run.end - run.start;
    state.zone.get(zone_key(page_nid(run.value), page_zonenum(run.value)))!.managed_pages -= pages;
    state.vars.get(0)!.totalram_pages -= pages;
  }
  state.pages.update(start, end, (page) =>
    page === NO_PAGE ? page : with_use(page | PG_reserved, USE.NONE),
  );
}
