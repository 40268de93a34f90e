import type { Kernel } from '../kernel/kernel.ts';
import { account } from '../kernel/mm/hugetlb/pool.ts';
import { hstate_is_gigantic } from '../kernel/mm/hugetlb/pool_pages.ts';
import { page_nid, page_use, USE, with_hstate } from '../kernel/mm/page.ts';
import { change, look, operation, W } from '../kernel/ops.ts';
import { new_hstate, type State } from '../kernel/state.ts';
import type { Machine } from '../machines/machine.ts';
import { parseSize } from '../machines/text/size.ts';
import { Runner } from '../schedule/runner.ts';
import type { Steps } from '../steps/step.ts';
import { cmdlineWords } from './config.ts';

/** hugepagesz=, default_hugepagesz= and hugepages=: pools that exist when the machine is up. */

interface Request {
  readonly order: number;
  readonly count: number;
}

/** The requests of the boot options, size by size; for errors in them the kernel's messages are returned. */
function requests(k: Kernel, words: readonly string[], notes: string[]): Request[] {
  const wanted = new Map<number, number>();
  let order: number | null = k.c.huge_page_orders[0]!;
  for (const word of words) {
    const [name, value = ''] = word.split('=');
    if (name === 'hugepagesz' || name === 'default_hugepagesz') {
      const size = parseSize(value) ?? 0;
      const found = k.c.huge_page_orders.find((o) => 2 ** o * k.c.PAGE_SIZE === size);
      if (found === undefined) notes.push(k.$unsupported_hugepagesz(size));
      order = found ?? null;
    } else if (name === 'hugepages') {
      const count = /^\d{1,9}$/.test(value) ? Number(value) : null;
      if (count === null) notes.push(`boot option ${word} is not modelled`);
      else if (order === null) notes.push(k.$hugepages_ignored(value));
      else wanted.set(order, count);
    }
  }
  return [...wanted].map(([o, count]) => ({ order: o, count }));
}

/** The highest aligned free range of the node: memblock allocates from the top, in any zone. */
const lastFreeRange = operation({
  name: 'last_free_range',
  obj: 'pages',
  writes: false,
  run(state: State, nid: number, nrPages: number): number {
    let found = -1;
    let start = 0;
    let end = 0;
    for (const run of state.pages.in(0, Number.MAX_SAFE_INTEGER)) {
      if (page_use(run.value) !== USE.FREE || page_nid(run.value) !== nid) continue;
      if (run.start !== end) start = run.start;
      end = run.end;
      const pfn = (Math.floor(end / nrPages) - 1) * nrPages;
      if (pfn >= start) found = pfn;
    }
    return found;
  },
});

const makeHuge = operation({
  name: 'make_huge',
  obj: 'pages',
  writes: true,
  run: (state: State, start: number, end: number, hstate: number): void =>
    state.pages.update(start, end, (page) => with_hstate(page, USE.HUGE_USED, hstate)),
});

/** alloc_bootmem_huge_page() until `count` pages or memory runs out, one node after another. */
function* gatherBootmem(k: Kernel, { order, count }: Request, nodes: readonly number[]): Steps<number> {
  const nrPages = 2 ** order;
  let got = 0;
  for (let misses = 0, i = 0; got < count && misses < nodes.length; i++) {
    const nid = nodes[i % nodes.length]!;
    const pfn = yield* look(lastFreeRange, nid, nrPages);
    misses = pfn < 0 ? misses + 1 : 0;
    if (pfn < 0) continue;
    yield* change(makeHuge, pfn, pfn + nrPages, k.c.huge_page_orders.indexOf(order));
    yield* account(order, 'nr_huge_pages', nid, 1);
    yield* k.enqueue_huge_page(order, nid, { pfn, nr: 1 });
    got++;
  }
  yield* W('hstate', order, 'max_huge_pages', got);
  return got;
}

/** string_get_size: "2.00 MiB" */
function sizeText(size: number): string {
  const unit = Math.min(3, Math.floor(Math.log2(size) / 10));
  return `${(size / 2 ** (10 * unit)).toFixed(2)} ${['B', 'KiB', 'MiB', 'GiB'][unit]}`;
}

/** The huge page sizes, the pages that boot options request, and the kernel's messages on them. */
export function bootHugetlb(machine: Machine, k: Kernel, state: State): string[] {
  const notes: string[] = [];
  for (const order of k.c.huge_page_orders) state.hstate.set(order, new_hstate());
  const nodes = [...state.pgdat.values()].filter((node) => node.n_memory).map((node) => node.node_id);
  const runner = new Runner(state);
  for (const request of requests(k, cmdlineWords(machine.cmdline ?? ''), notes)) {
    const { order, count } = request;
    if (hstate_is_gigantic(k.c, order)) runner.run(gatherBootmem(k, request, nodes));
    else runner.run(k.__nr_hugepages_store_common(order, -1, count));
    const got = state.hstate.get(order)!.nr_huge_pages;
    if (got < count)
      notes.push(
        `HugeTLB: allocating ${count} of page size ${sizeText(2 ** order * k.c.PAGE_SIZE)} failed.  Only allocated ${got} hugepages.`,
      );
  }
  return notes;
}
