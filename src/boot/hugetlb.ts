import type { Kernel } from '../kernel/kernel.ts';
import { first_demote_order } from '../kernel/mm/hugetlb/demote.ts';
import { account } from '../kernel/mm/hugetlb/pool.ts';
import { hstate_is_gigantic } from '../kernel/mm/hugetlb/pool_pages.ts';
import { page_nid, page_use, USE, with_hstate } from '../kernel/mm/page.ts';
import { change, look, operation, R, W } from '../kernel/ops.ts';
import { NUMA_NO_NODE, new_hstate, type State } from '../kernel/state.ts';
import type { Machine } from '../machines/machine.ts';
import type { ReleaseConstants } from '../releases/define.ts';
import { Runner } from '../schedule/runner.ts';
import type { Steps } from '../steps/step.ts';
import { MemblockFree } from './memory/memblock-free.ts';
import { isDescribed } from './memory/memmap.ts';
import { cmdlineWords } from './options/cmdline-words.ts';
import { type HugeRequest, hugeRequests } from './options/hugetlb-options.ts';

/** hugepagesz=, default_hugepagesz= and hugepages=: pools that exist when the machine is up. */

const makeHuge = operation({
  name: 'make_huge',
  obj: 'pages',
  writes: true,
  run: (state: State, start: number, end: number, hstate: number): void =>
    state.pages.update(start, end, (page) => with_hstate(page, USE.HUGE_USED, hstate)),
});

/** A gigantic page becomes one of the pool, on the node on which it lies. */
function* gather(k: Kernel, order: number, pfn: number): Steps<void> {
  const page = yield* k.pfn_to_page(pfn);
  yield* change(makeHuge, pfn, pfn + 2 ** order, k.c.huge_page_orders.indexOf(order));
  yield* account(order, 'nr_huge_pages', page_nid(page), 1);
  yield* k.enqueue_huge_page(order, page_nid(page), { pfn, nr: 1 });
}

/** alloc_bootmem_huge_page(): nodes take turns; another node helps out unless the node is asked for exactly. */
function* allocGigantic(
  k: Kernel,
  { order, count, byNode }: HugeRequest,
  nodes: readonly number[],
  free: MemblockFree,
  notes: string[],
): Steps<void> {
  const nrPages = 2 ** order;
  for (const [nid, wanted] of byNode) {
    let got = 0;
    for (; got < wanted; got++) {
      const pfn = free.take(nid, nrPages, k.$hugepages_node_exact());
      if (pfn < 0) break;
      yield* gather(k, order, pfn);
    }
    if (got < wanted) notes.push(failedOnNode(k, order, wanted, nid, got));
  }
  if (byNode.size > 0) return;
  let got = 0;
  for (; got < count; got++) {
    const pfn = free.take(nodes[got % nodes.length]!, nrPages, false);
    if (pfn < 0) break;
    yield* gather(k, order, pfn);
  }
  yield* W('hstate', order, 'next_nid_to_alloc', nodes[got % nodes.length]!);
  if (got < count) notes.push(failed(k, order, count, got));
}

/** Pages of one node, up to `wanted`: the number allocated. */
function* allocOnNode(k: Kernel, order: number, nid: number, wanted: number): Steps<number> {
  let got = 0;
  while (got < wanted) {
    const pages = yield* k.alloc_fresh_huge_page(order, nid, wanted - got);
    if (!pages) break;
    yield* account(order, 'nr_huge_pages', nid, pages.nr);
    yield* k.enqueue_huge_page(order, nid, pages);
    got += pages.nr;
  }
  return got;
}

/** The number of huge pages that free memory of each node holds. */
const capacities = operation({
  name: 'capacities',
  obj: 'pages',
  writes: false,
  run(state: State, order: number): Map<number, number> {
    const found = new Map<number, number>();
    let start = 0;
    let end = -1;
    let nid = -1;
    const count = (): void => {
      const n = Math.floor(end / 2 ** order) - Math.ceil(start / 2 ** order);
      if (n > 0) found.set(nid, (found.get(nid) ?? 0) + n);
    };
    for (const run of state.pages.in(0, Number.MAX_SAFE_INTEGER)) {
      if (page_use(run.value) !== USE.FREE) continue;
      if (run.start !== end || page_nid(run.value) !== nid) {
        count();
        start = run.start;
        nid = page_nid(run.value);
      }
      end = run.end;
    }
    count();
    return found;
  },
});

/** hugetlb_pages_alloc_boot_node(): pages from the first node on, in turn; a node that has no more is left out. */
function spread(count: number, nodes: readonly number[], left: Map<number, number>): void {
  let rest = count;
  while (rest > 0) {
    const able = nodes.filter((nid) => (left.get(nid) ?? 0) > 0);
    if (able.length === 0) return;
    const rounds = Math.min(...able.map((nid) => left.get(nid)!), Math.floor(rest / able.length));
    if (rounds === 0) {
      for (const nid of able.slice(0, rest)) left.set(nid, left.get(nid)! - 1);
      return;
    }
    for (const nid of able) left.set(nid, left.get(nid)! - rounds);
    rest -= rounds * able.length;
  }
}

/** The sizes of the parts into which padata_do_multithreaded() divides a job. */
export function padataChunks(size: number, maxThreads: number, minChunk: number): number[] {
  const threads = Math.min(Math.max(Math.floor(size / Math.max(minChunk, 1)), 1), maxThreads);
  const chunk = threads === 1 ? size : Math.max(Math.floor(size / (threads * 4)), minChunk, 1);
  const chunks: number[] = [];
  for (let left = size; left > 0; left -= chunk) chunks.push(Math.min(chunk, left));
  return chunks;
}

/** Pages that the page allocator has: each part of the job begins at the first node (v6.9). */
function* allocInParts(k: Kernel, order: number, chunks: readonly number[], nodes: readonly number[]) {
  const before = yield* look(capacities, order);
  const left = new Map(before);
  for (const chunk of chunks) spread(chunk, nodes, left);
  let got = 0;
  for (const nid of nodes) {
    got += yield* allocOnNode(k, order, nid, (before.get(nid) ?? 0) - (left.get(nid) ?? 0));
  }
  yield* W('hstate', order, 'max_huge_pages', got);
}

const failed = (k: Kernel, order: number, count: number, got: number): string =>
  `HugeTLB: allocating ${count} of page size ${sizeText(2 ** order * k.c.PAGE_SIZE)} failed.  Only allocated ${got} hugepages.`;
const failedOnNode = (k: Kernel, order: number, count: number, nid: number, got: number): string =>
  `HugeTLB: allocating ${count} of page size ${sizeText(2 ** order * k.c.PAGE_SIZE)} failed node${nid}.  Only allocated ${got} hugepages.`;

/** hugetlb_hstate_alloc_pages() for sizes that the page allocator has. */
function* allocFromBuddy(
  k: Kernel,
  { order, count, byNode }: HugeRequest,
  nodes: readonly number[],
  parts: (count: number) => readonly number[] | null,
  notes: string[],
): Steps<void> {
  for (const [nid, wanted] of byNode) {
    const got = yield* allocOnNode(k, order, nid, wanted);
    if (got < wanted) notes.push(failedOnNode(k, order, wanted, nid, got));
  }
  if (byNode.size > 0) return;
  const chunks = parts(count);
  if (chunks) yield* allocInParts(k, order, chunks, nodes);
  else yield* k.__nr_hugepages_store_common(order, NUMA_NO_NODE, count);
  const got = yield* R('hstate', order, 'nr_huge_pages');
  if (got < count) notes.push(failed(k, order, count, got));
}

/** hugepage_alloc_threads=, or a quarter of the processors. */
function allocThreads(machine: Machine, words: readonly string[]): number {
  const option = words.findLast((word) => /^hugepage_alloc_threads=\d{1,6}$/.test(word));
  if (option) return Math.max(1, Number(option.slice(option.indexOf('=') + 1)));
  const cpus = (machine.nodes ?? []).reduce((sum, node) => sum + node.cpus.length, 0);
  return Math.max(1, Math.floor(cpus / 4));
}

/** string_get_size: "2.00 MiB" */
function sizeText(size: number): string {
  const unit = Math.min(3, Math.floor(Math.log2(size) / 10));
  return `${(size / 2 ** (10 * unit)).toFixed(2)} ${['B', 'KiB', 'MiB', 'GiB'][unit]}`;
}

/**
 * The huge page sizes, the pages that boot options request, and the kernel's messages on them.
 * @param takeMemmap takes the struct pages of boot memory: before or after gigantic pages, always before others
 */
export function bootHugetlb(
  machine: Machine,
  k: Kernel,
  state: State,
  constants: ReleaseConstants,
  takeMemmap: () => void,
): string[] {
  if (constants.memmap_before_hugetlb) takeMemmap();
  for (const order of k.c.huge_page_orders)
    state.hstate.set(order, new_hstate(first_demote_order(k.c.huge_page_orders, order)));
  const nodes = [...state.pgdat.values()]
    .filter((node) => node.n_memory)
    .map((node) => node.node_id)
    .sort((a, b) => a - b);
  const words = cmdlineWords(machine.cmdline ?? '');
  const online = [...state.pgdat.values()].filter((node) => node.online).map((node) => node.node_id);
  const { requests, notes: said } = hugeRequests(k, words, online);
  const notes = [...said];
  if (requests.length === 0 || nodes.length === 0) {
    if (!constants.memmap_before_hugetlb) takeMemmap();
    return notes;
  }
  const runner = new Runner(state);
  const parts = (count: number): readonly number[] | null => {
    const { hugepages_threads: by } = constants;
    if (by === null) return null;
    const threads = by === 'nodes' ? nodes.length * 2 : allocThreads(machine, words);
    // v6.9: half of a node's share; v6.15: the share of a thread
    return padataChunks(
      count,
      threads,
      Math.floor(Math.floor(count / (by === 'nodes' ? nodes.length : threads)) / (by === 'nodes' ? 2 : 1)),
    );
  };
  const isGigantic = ({ order }: HugeRequest): boolean => hstate_is_gigantic(k.c, order);
  const gigantic = requests.filter(isGigantic);
  if (gigantic.length > 0) {
    // of a described machine the memmap is taken already
    const memmap = constants.memmap_before_hugetlb && !isDescribed(machine);
    const free = new MemblockFree(machine, k, state, memmap);
    for (const request of gigantic) runner.run(allocGigantic(k, request, nodes, free, notes));
  }
  if (!constants.memmap_before_hugetlb) takeMemmap();
  for (const request of requests)
    if (!isGigantic(request)) runner.run(allocFromBuddy(k, request, nodes, parts, notes));
  for (const { order } of requests) {
    const hstate = state.hstate.get(order)!;
    hstate.max_huge_pages = hstate.nr_huge_pages;
  }
  return notes;
}
