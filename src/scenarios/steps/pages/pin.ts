import { z } from 'zod';
import { page_nid, page_use, USE } from '../../../kernel/mm/page.ts';
import { usePages } from '../../running/page-use.ts';
import { returned } from '../../running/result.ts';
import type { Session } from '../../running/session.ts';
import { stepKind } from '../common/kind.ts';
import { nid, range, rangeOf, rangeText, result } from '../common/values.ts';

/** Pfns allocated as unmovable pages, in the order of allocation. */
const pinned = new WeakMap<Session, readonly number[]>();

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
      (page) => page_use(page) === USE.FREE && page_nid(page) === step.node,
    );
    if (pfn < 0) return returned(-kernel.errno.ENOMEM);
    usePages(session, pfn, pfn + 1, USE.UNMOVABLE);
    pinned.set(session, [...(pinned.get(session) ?? []), pfn]);
    return returned(0);
  },
});

export const unpin = stepKind({
  schema: z.strictObject({}).meta({ description: 'It gives all such pages back' }),
  text: () => 'unpin',
  run: (session) => {
    for (const pfn of pinned.get(session) ?? []) usePages(session, pfn, pfn + 1, USE.FREE);
    pinned.delete(session);
    return returned(0);
  },
});
