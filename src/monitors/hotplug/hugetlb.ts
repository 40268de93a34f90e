import type { Config } from '../../kernel/config.ts';
import { PageHuge, page_hstate, page_nid, page_use, USE } from '../../kernel/mm/page.ts';
import type { State } from '../../kernel/state.ts';
import type { Failure } from '../../steps/failure.ts';
import { broken } from './broken.ts';

/** The counters of huge page pools are correct: nr and free of each size and node, and their sums. */
export function checkHugetlb(state: State, c: Config): Failure[] {
  const found: Failure[] = [];
  const pages = new Map<string, number>();
  for (const { start, end, value } of state.pages.in(0, Number.MAX_SAFE_INTEGER)) {
    if (!PageHuge(value)) continue;
    const order = c.huge_page_orders[page_hstate(value)]!;
    for (const what of page_use(value) === USE.HUGE_FREE ? ['nr', 'free'] : ['nr']) {
      const key = `${what} ${order} ${page_nid(value)}`;
      pages.set(key, (pages.get(key) ?? 0) + end - start);
    }
  }
  for (const [order, hstate] of state.hstate) {
    for (const what of ['nr', 'free', 'surplus'] as const) {
      const byNode = hstate[`${what}_huge_pages_node`];
      const sum = byNode.reduce((all, n) => all + n, 0);
      const name = `${what}_huge_pages of order ${order}`;
      if (sum !== hstate[`${what}_huge_pages`])
        found.push(
          broken(
            'hugetlb',
            'sum of nodes',
            { field: what, order, count: hstate[`${what}_huge_pages`], bound: sum },
            `${name} is ${hstate[`${what}_huge_pages`]}, its nodes have ${sum}`,
          ),
        );
      if (byNode.some((n) => n < 0))
        found.push(broken('hugetlb', 'negative', { field: what, order }, `${name} is negative on a node`));
      if (what === 'surplus') continue;
      for (const nid of state.pgdat.keys()) {
        const there = pages.get(`${what} ${order} ${nid}`) ?? 0;
        const count = byNode[nid] ?? 0;
        if (there !== count * 2 ** order)
          found.push(
            broken(
              'hugetlb',
              'pages counted',
              { field: what, order, node: nid, count, bound: there },
              `${name} on node ${nid} is ${count}, there are ${there} pages`,
            ),
          );
      }
    }
  }
  return found;
}
