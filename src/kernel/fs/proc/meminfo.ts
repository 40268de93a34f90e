import type { Kernel } from '../../kernel.ts';
import { PageHWPoison, page_use, USE } from '../../mm/page.ts';
import { new_hstate, type State } from '../../state.ts';

/**
 * The modelled lines of /proc/meminfo, in the kernel's order and format. What processes, caches and slabs use is not
 * modelled, so MemFree is too high by that.
 */
export function* meminfo(state: State, k: Kernel): Generator<string> {
  const { PAGE_SIZE } = k.c;
  const kib = (bytes: number): string => `${String(bytes / 1024).padStart(8)} kB\n`;
  const vars = state.vars.get(0)!;
  yield `MemTotal:       ${kib(vars.totalram_pages * PAGE_SIZE)}`;
  yield `MemFree:        ${kib(nr_free_pages(state) * PAGE_SIZE)}`;
  const poisoned = (vars.num_poisoned_pages * PAGE_SIZE) / 1024;
  yield `HardwareCorrupted: ${String(poisoned).padStart(5)} kB\n`;
  const default_order = k.c.default_hugepage_order;
  const pool = state.hstate.get(default_order) ?? new_hstate();
  const pages = (n: number): string => `${String(n).padStart(5)}\n`;
  yield `HugePages_Total:   ${pages(pool.nr_huge_pages)}`;
  yield `HugePages_Free:    ${pages(pool.free_huge_pages)}`;
  yield `HugePages_Rsvd:    ${pages(pool.resv_huge_pages)}`;
  yield `HugePages_Surp:    ${pages(pool.surplus_huge_pages)}`;
  yield `Hugepagesize:   ${kib(2 ** default_order * PAGE_SIZE)}`;
  let total = 0;
  for (const [order, { nr_huge_pages }] of state.hstate) total += nr_huge_pages * 2 ** order * PAGE_SIZE;
  yield `Hugetlb:        ${kib(total)}`;
}

const nr_free_pages = (state: State): number =>
  state.pages.total(0, Number.MAX_SAFE_INTEGER, (page) => page_use(page) === USE.FREE && !PageHWPoison(page));
