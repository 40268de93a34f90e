import type { Steps } from '../../steps/step.ts';
import type { Kernel } from '../kernel.ts';
import { type KernelOperation, operation, type StepTelling } from '../operation.ts';
import { hex, vmemmap_of } from '../pfn.ts';
import { SECTION_HAS_MEM_MAP, SECTION_IS_ONLINE, type State, zone_key } from '../state.ts';
import { MEMMAP, NO_PAGE, type Page, page_memmap, page_nid, page_zonenum } from './page.ts';

/**
 * Struct pages are memory: who reads or writes them goes through the mapping of the memmap, and oopses where there is
 * none. `state.pages` has them as that mapping shows them: a pfn whose struct page is not mapped has none.
 */

/** Offsets of the members of struct page that are accessed first. */
export const PAGE_OFFSET_OF = { flags: 0, compound_head: 8, page_type: 0x30, _refcount: 0x34 } as const;

/** The access ended at a struct page that is not mapped. */
interface Unmapped {
  readonly unmapped: number;
}

const is_unmapped = (result: unknown): result is Unmapped =>
  typeof result === 'object' && result !== null && 'unmapped' in result;

/** The arguments of an access: pfns, and what else the operation needs. */
type Range<A extends readonly unknown[]> = readonly [start: number, end: number, ...A];

/** An access to the struct pages of [start, end). */
export interface PageOperation<A extends readonly unknown[], T, W extends boolean>
  extends KernelOperation<Range<A>, T | Unmapped, W> {
  /** Offset of the member that is accessed first in each. */
  readonly offset: number;
  /** The routine in assembly language that makes the access, if the function calls one. */
  readonly routine: string | undefined;
  /** It writes only after it has read: a fault is that of the read. */
  readonly reads_first: boolean;
}

interface Declared<A extends readonly unknown[], T, W extends boolean>
  extends Pick<KernelOperation<Range<A>, T | Unmapped, W>, 'fault' | 'about'> {
  readonly name: string;
  readonly writes: W;
  /** The parts of the state that it changes; if it writes, the struct pages by default. */
  readonly changes?: readonly (keyof State)[];
  readonly offset?: number;
  readonly routine?: string;
  readonly reads_first?: boolean;
  /** The first struct page of the range that is accessed and not mapped, or -1; by default all are accessed. */
  readonly first_unmapped?: (state: State, start: number, end: number, ...args: A) => number;
  readonly run: (state: State, start: number, end: number, ...args: A) => T;
  /** How a story tells it, by the range and the result. */
  readonly tell?: (
    range: readonly [start: number, end: number, ...unknown[]],
    result: unknown,
  ) => StepTelling | undefined;
}

const first_of_all = (state: State, start: number, end: number, ..._: readonly unknown[]): number =>
  state.pages.first(start, end, (page) => page === NO_PAGE);

/** Whether a function that looks at each page also asks for its sub-section, and so passes over this one. */
type Skips = (state: State, pfn: number) => boolean;

/** The first struct page, at a multiple of `step` from `start`, that is unmapped and in a section with the flag. */
function first_in_sections(
  state: State,
  start: number,
  end: number,
  nr_pages: number,
  flag: number,
  step: number,
  skips?: Skips,
): number {
  const at_step = (pfn: number): number => start + Math.ceil((pfn - start) / step) * step;
  for (const { start: from, end: to, value } of state.pages.in(start, end)) {
    if (value !== NO_PAGE) continue;
    for (let pfn = at_step(from); pfn < to; ) {
      const nr = Math.floor(pfn / nr_pages);
      const has = ((state.mem_section.get(nr)?.section_mem_map ?? 0) & flag) !== 0;
      if (has && !skips?.(state, pfn)) return pfn;
      pfn = has ? pfn + step : at_step((nr + 1) * nr_pages);
    }
  }
  return -1;
}

/** For functions that skip sections that are not valid: the first unmapped struct page of the others. */
export const first_of_valid = (
  state: State,
  start: number,
  end: number,
  nr_pages: number,
  step = 1,
): number => first_in_sections(state, start, end, nr_pages, SECTION_HAS_MEM_MAP, step);

/** For functions that skip sections that are not online (pfn_to_online_page()), and look at every `step`-th page. */
export const first_of_online = (
  state: State,
  start: number,
  end: number,
  nr_pages: number,
  step = 1,
  skips?: Skips,
): number => first_in_sections(state, start, end, nr_pages, SECTION_IS_ONLINE, step, skips);

/** The same for functions that look downwards from the last page: the steps count from `start`, one of them. */
export function last_of_online(
  state: State,
  start: number,
  end: number,
  nr_pages: number,
  step: number,
  skips?: Skips,
): number {
  let last = -1;
  const at_step = (pfn: number): number => start + Math.floor((pfn - start) / step) * step;
  for (const { start: from, end: to, value } of state.pages.in(start, end)) {
    if (value !== NO_PAGE) continue;
    for (let pfn = at_step(to - 1); pfn >= from; ) {
      const nr = Math.floor(pfn / nr_pages);
      const is_online = ((state.mem_section.get(nr)?.section_mem_map ?? 0) & SECTION_IS_ONLINE) !== 0;
      if (is_online && !skips?.(state, pfn)) {
        last = pfn;
        break;
      }
      pfn = is_online ? pfn - step : at_step(nr * nr_pages - 1);
    }
  }
  return last;
}

/** Declares an access. It does its work up to the first struct page that is not mapped. */
export function page_operation<A extends readonly unknown[], T, W extends boolean>({
  name,
  writes,
  changes = writes ? ['pages'] : [],
  offset = PAGE_OFFSET_OF.flags,
  routine,
  reads_first = !writes,
  first_unmapped = first_of_all,
  run,
  ...told
}: Declared<A, T, W>): PageOperation<A, T, W> {
  const declared = operation<Range<A>, T | Unmapped, W>({
    ...told,
    name,
    obj: 'pages',
    writes,
    changes,
    run: (state: State, start: number, end: number, ...args: A): T | Unmapped => {
      const unmapped = first_unmapped(state, start, end, ...args);
      if (unmapped < 0) return run(state, start, end, ...args);
      if (writes && unmapped > start) run(state, start, unmapped, ...args);
      return { unmapped };
    },
  });
  return Object.freeze({ ...declared, offset, routine, reads_first });
}

/** Performs an access; `where` is the function that makes it. */
export function* access_pages<A extends readonly unknown[], T>(
  k: Kernel,
  where: string,
  op: PageOperation<A, T, boolean>,
  ...args: Range<A>
): Steps<T> {
  const result = (yield { op: 'call', operation: op, args }) as T | Unmapped;
  if (!is_unmapped(result)) return result;
  const va = vmemmap_of(k.c, result.unmapped) + op.offset;
  return yield* k.$page_fault(va, !op.reads_first, where, op.routine);
}

/** Goes on with a struct page that was read through its pfn, if it is mapped. */
export function* mapped_page(
  k: Kernel,
  pfn: number,
  page: Page,
  where: string,
  offset: number = PAGE_OFFSET_OF.flags,
): Steps<Page> {
  if (page === NO_PAGE) return yield* k.$page_fault(vmemmap_of(k.c, pfn) + offset, false, where);
  if (k.c.report_uninitialised && page_memmap(page) !== MEMMAP.INIT) {
    const text = `pfn ${hex(pfn)} has an initialised struct page when ${where}() reads it`;
    yield { op: 'bug', where, text, expectation: true };
  }
  return page;
}

/** PF_POISONED_CHECK(): dump_page() names a poisoned page, and reads nothing of it. */
function* checked(k: Kernel, pfn: number, page: Page, where: string): Steps<void> {
  if (k.c.DEBUG_VM_PGFLAGS && page_memmap(page) === MEMMAP.POISON) yield* k.$dump_poisoned_page(pfn);
  yield* k.PagePoisoned(page, where);
}

/** page_to_nid(): a poisoned struct page names the last node that is possible, which does not exist. */
export function* page_to_nid(k: Kernel, pfn: number, page: Page, where: string): Steps<number> {
  yield* checked(k, pfn, page, where);
  return page_memmap(page) === MEMMAP.POISON ? k.c.MAX_NUMNODES - 1 : page_nid(page);
}

/** page_zone(), for a caller that uses the zone: that of a poisoned struct page is in a node that does not exist. */
export function* page_zone(k: Kernel, pfn: number, page: Page, where: string): Steps<number> {
  yield* checked(k, pfn, page, where);
  if (page_memmap(page) === MEMMAP.POISON) yield* k.BUG(where, 'kernel NULL pointer dereference');
  return zone_key(page_nid(page), page_zonenum(page));
}

/** Whether a struct page is of the zone, for a caller that only compares. */
export function* is_page_of_zone(
  k: Kernel,
  pfn: number,
  page: Page,
  zone: number,
  where: string,
): Steps<boolean> {
  yield* checked(k, pfn, page, where);
  return page_memmap(page) !== MEMMAP.POISON && zone_key(page_nid(page), page_zonenum(page)) === zone;
}
