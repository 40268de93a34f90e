import { z } from 'zod';
import { NO_PAGE, PageHWPoison, page_nid, page_use, USE } from '../../../kernel/mm/page.ts';
import { pfn_to_section_nr } from '../../../kernel/pfn.ts';
import { SECTION_IS_ONLINE } from '../../../kernel/state.ts';
import { usePages } from '../../running/page-use.ts';
import { type Result, returned } from '../../running/result.ts';
import type { Session } from '../../running/session.ts';
import { stepKind } from '../common/kind.ts';
import { nid, range, rangeOf, rangeText, result } from '../common/values.ts';

/** Pfns allocated as unmovable pages, in the order of allocation. */
const pinned = new WeakMap<Session, readonly number[]>();

export const pinnedPages = (session: Session): readonly number[] => pinned.get(session) ?? [];

/** A pin holds another page instead. */
export function repin(session: Session, from: number, to: number): void {
  usePages(session, from, from + 1, USE.FREE);
  usePages(session, to, to + 1, USE.UNMOVABLE);
  pinned.set(
    session,
    pinnedPages(session).map((pfn) => (pfn === from ? to : pfn)),
  );
}

export const pin = stepKind({
  schema: z
    .strictObject({ ...range, node: nid.default(0), ...result })
    .meta({ description: 'The kernel takes one page of the range and keeps it' }),
  text: (step) => `pin a page of node ${step.node} in ${rangeText(step)}`,
  // allocates the first free page; -ENOMEM if there is none
  run: (session, step) => {
    const { kernel, state } = session;
    const [start, size] = rangeOf(step);
    const pfn = state.pages.first(
      Math.ceil(start / kernel.c.PAGE_SIZE),
      Math.floor((start + size) / kernel.c.PAGE_SIZE),
      (page) => page_use(page) === USE.FREE && !PageHWPoison(page) && page_nid(page) === step.node,
    );
    if (pfn < 0) return returned(-kernel.errno.ENOMEM);
    take(session, pfn);
    return returned(0);
  },
});

/** The kernel takes this page of a node; -ENOMEM if the node has no such page online. */
export function pinPage(session: Session, nid: number, pfn: number): Result {
  const { kernel, state } = session;
  const page = state.pages.get(pfn);
  const section = state.mem_section.get(pfn_to_section_nr(kernel.c, pfn));
  const isOnline = ((section?.section_mem_map ?? 0) & SECTION_IS_ONLINE) !== 0 && page !== NO_PAGE;
  if (!isOnline || page_nid(page) !== nid || PageHWPoison(page)) return returned(-kernel.errno.ENOMEM);
  take(session, pfn);
  return returned(0);
}

function take(session: Session, pfn: number): void {
  usePages(session, pfn, pfn + 1, USE.UNMOVABLE);
  pinned.set(session, [...pinnedPages(session), pfn]);
}

/** Gives the last `count` such pages back, those that no later step has put to another use. */
export function unpinLast(session: Session, count: number): Result {
  const pages = pinnedPages(session);
  const kept = Math.max(0, pages.length - count);
  const isPinned = (pfn: number): boolean => page_use(session.state.pages.get(pfn)) === USE.UNMOVABLE;
  for (const pfn of pages.slice(kept).filter(isPinned)) usePages(session, pfn, pfn + 1, USE.FREE);
  pinned.set(session, pages.slice(0, kept));
  return returned(0);
}

export const unpin = stepKind({
  schema: z.strictObject({}).meta({ description: 'It gives all such pages back' }),
  text: () => 'unpin',
  run: (session) => unpinLast(session, pinnedPages(session).length),
});
