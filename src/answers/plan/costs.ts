import { page_use, USE } from '../../kernel/mm/page.ts';
import type { Session } from '../../scenarios/running/session.ts';

/** What adding memory takes; bytes. */
export interface Costs {
  /** Struct pages. */
  readonly memmap: number;
  /** Tables of the linear map and of the memmap. */
  readonly page_tables: number;
  /** Whether the struct pages lie in the new memory itself. */
  readonly on_memory: boolean;
  /** What must be free before: of memmap and tables, what other memory gives. */
  readonly needed: number;
}

export const SIZEOF_STRUCT_PAGE = 64;

/** Table pages that the kernel has taken, and not given back. */
const tablesOf = ({ state: { table_pages } }: Session): number => {
  const sum = (counts: Readonly<Partial<Record<string, number>>>): number =>
    Object.values(counts).reduce<number>((all, n) => all + (n ?? 0), 0);
  return sum(table_pages.allocated) - sum(table_pages.freed);
};

/** How many pages of a kind are outside of a range. */
const outside = ({ state, kernel }: Session, use: number, start: number, size: number): number => {
  const [first, end] = [start / kernel.c.PAGE_SIZE, (start + size) / kernel.c.PAGE_SIZE];
  const is = (page: number): boolean => page_use(page) === use;
  return state.pages.total(0, first, is) + state.pages.total(end, Number.MAX_SAFE_INTEGER, is);
};

export function costsOf(before: Session, after: Session, start: number, size: number): Costs {
  const { c } = after.kernel;
  const memmap = (size / c.PAGE_SIZE) * SIZEOF_STRUCT_PAGE;
  const bytes = c.memory_block_size_bytes;
  const onMemory = [...after.state.memory_block].some(
    ([id, block]) => id * bytes >= start && id * bytes < start + size && block.nr_vmemmap_pages > 0,
  );
  const taken = outside(before, USE.FREE, start, size) - outside(after, USE.FREE, start, size);
  return {
    memmap,
    page_tables: (tablesOf(after) - tablesOf(before)) * c.PAGE_SIZE,
    on_memory: onMemory,
    needed: Math.max(0, taken) * c.PAGE_SIZE,
  };
}
