import type { Config } from '../../kernel/config.ts';
import { page_hstate, page_nid, page_use, USE, with_hstate } from '../../kernel/mm/page.ts';
import { new_hstate } from '../../kernel/state.ts';
import type { FileTree } from '../../machines/sources/tree.ts';
import type { Session } from '../../scenarios/running/session.ts';

/** Pools of huge pages as sysfs counts them, and the pages of them that words of kpageflags show. */

const NODES = 'sys/devices/system/node';

/** Counts of one size on one node. */
interface NodePool {
  readonly nid: number;
  readonly kib: number;
  readonly nr: number;
  readonly free: number;
  readonly surplus: number;
}

function nodePools(tree: FileTree): NodePool[] {
  const number = (path: string): number => {
    const text = tree.readText(path)?.trim() ?? '';
    return /^\d{1,15}$/.test(text) ? Number(text) : 0;
  };
  return (tree.list(NODES) ?? []).flatMap((node) => {
    const nid = /^node(\d{1,4})$/.exec(node)?.[1];
    if (nid === undefined || tree.kind(`${NODES}/${node}/hugepages`) === undefined) return [];
    return (tree.list(`${NODES}/${node}/hugepages`) ?? []).flatMap((size) => {
      const kib = /^hugepages-(\d{1,12})kB$/.exec(size)?.[1];
      if (kib === undefined) return [];
      const dir = `${NODES}/${node}/hugepages/${size}`;
      return {
        nid: Number(nid),
        kib: Number(kib),
        nr: number(`${dir}/nr_hugepages`),
        free: number(`${dir}/free_hugepages`),
        surplus: number(`${dir}/surplus_hugepages`),
      };
    });
  });
}

/** The orders of the sizes of which there are pages, the largest first. */
export const poolOrders = (tree: FileTree, c: Config): number[] =>
  [
    ...new Set(
      nodePools(tree).flatMap(({ kib, nr }) => (nr > 0 ? [Math.log2((kib * 1024) / c.PAGE_SIZE)] : [])),
    ),
  ].sort((a, b) => b - a);

/** Gives the machine the counts of its pools, and marks so many of a node's huge pages as free as it counts. */
export function placePools({ state, kernel }: Session, tree: FileTree): void {
  for (const { nid, kib, nr, free, surplus } of nodePools(tree)) {
    const order = Math.log2((kib * 1024) / kernel.c.PAGE_SIZE);
    const index = kernel.c.huge_page_orders.indexOf(order);
    if (index < 0 || nr === 0) continue;
    const pool = state.hstate.get(order) ?? new_hstate();
    state.hstate.set(order, pool);
    const put = (counts: readonly number[], n: number): number[] =>
      Array.from({ length: Math.max(counts.length, nid + 1) }, (_, i) => (i === nid ? n : (counts[i] ?? 0)));
    pool.nr_huge_pages += nr;
    pool.max_huge_pages += nr - surplus;
    pool.free_huge_pages += free;
    pool.surplus_huge_pages += surplus;
    pool.nr_huge_pages_node = put(pool.nr_huge_pages_node, nr);
    pool.free_huge_pages_node = put(pool.free_huge_pages_node, free);
    pool.surplus_huge_pages_node = put(pool.surplus_huge_pages_node, surplus);
    let left = free * 2 ** order;
    const own = [...state.pages.in(0, Number.MAX_SAFE_INTEGER)].filter(
      ({ value }) =>
        page_use(value) === USE.HUGE_USED && page_hstate(value) === index && page_nid(value) === nid,
    );
    for (const run of own) {
      const end = Math.min(run.end, run.start + left);
      if (end <= run.start) break;
      state.pages.update(run.start, end, (page) => with_hstate(page, USE.HUGE_FREE, index));
      left -= end - run.start;
    }
  }
}
