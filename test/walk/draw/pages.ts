import { MEMMAP, page_memmap, page_use, USE } from '../../../src/kernel/mm/page.ts';
import { consumerNames } from '../../../src/scenarios/reserved/consumers.ts';
import type { Draws, Here, Range } from '../here.ts';

/** What becomes of pages, and what the kernel says of them. */

const sizesOf = ({ c }: Here): number[] => c.huge_page_orders.map((order) => c.PAGE_SIZE * 2 ** order);

/** A part of an online block. */
function onlinePart(here: Here, unit: number): Range | null {
  const id = here.any(here.blockIds('online', here.once(3) ? 'all' : 'area'));
  return id === null ? null : here.part(here.blockRange(id), unit);
}

const USES = [
  'movable',
  'movable',
  'unmovable',
  'free',
  'hugepage',
  'hugepage_free',
  'offline',
  'offline_ref',
  'hwpoison',
  'reserved',
] as const;

/** An address of the area, or of boot memory. */
function address(here: Here): number {
  const { start, size } = here.once(2) ? here.blocks(1) : here.blockRange(here.pick(here.blockIds('any')));
  return start + here.prng.below(size / here.c.PAGE_SIZE) * here.c.PAGE_SIZE;
}

const isInitialised = (here: Here, pa: number): boolean =>
  page_memmap(here.state.pages.get(Math.floor(pa / here.c.PAGE_SIZE))) === MEMMAP.INIT;

const NOT_OURS: ReadonlySet<number> = new Set([USE.NONE, USE.TABLE, USE.MEMMAP, USE.OFFLINE_NOREF]);

/** Whether programs may have all pages of the range. */
const isOurs = ({ state, c }: Here, { start, size }: Range): boolean =>
  state.pages.first(start / c.PAGE_SIZE, (start + size) / c.PAGE_SIZE, (page) =>
    NOT_OURS.has(page_use(page)),
  ) < 0;

export const pageSteps = {
  use: {
    weight: 5,
    draw(here) {
      const as = here.pick(USES);
      const unit = as.startsWith('hugepage') ? sizesOf(here)[0]! : here.pick([here.c.PAGE_SIZE, 2 ** 21]);
      const range = onlinePart(here, unit);
      return range && isOurs(here, range) ? { ...range, as } : null;
    },
  },
  hugepages: {
    weight: 4,
    draw: (here) => ({
      size: here.pick(sizesOf(here)),
      count: here.pick([0, 1, 2, 5, 64, 1000]),
      ...(here.once(2) ? { node: here.pick([0, 1, 2]) } : {}),
    }),
  },
  pin: {
    weight: 3,
    draw(here) {
      const range = onlinePart(here, here.c.PAGE_SIZE);
      return range && { ...range, node: here.possibleNode() };
    },
  },
  unpin: { weight: 2, draw: (here) => (here.done('pin').length ? {} : null) },
  /** Any whole pages below max_pfn. */
  kpageflags: {
    weight: 2,
    draw(here) {
      const { max_pfn } = here.state.vars.get(0)!;
      const first = here.once(2) ? here.prng.below(max_pfn) : Math.max(0, max_pfn - here.between(1, 2 ** 18));
      const nr = here.between(1, Math.min(max_pfn - first, 2 ** 19));
      return { start: first * here.c.PAGE_SIZE, size: nr * here.c.PAGE_SIZE };
    },
  },
  page: { weight: 2, draw: (here) => ({ start: address(here) }) },
  /** The users of the flag get no page without an initialised struct page. */
  consume: {
    weight: 2,
    draw(here) {
      const start = address(here);
      return isInitialised(here, start) ? { consumer: here.pick(consumerNames), start } : null;
    },
  },
} satisfies Draws;
