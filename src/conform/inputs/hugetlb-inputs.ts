import { hstate_order } from '../../kernel/mm/hugetlb/hugetlb_sysfs.ts';
import { hstate_is_gigantic } from '../../kernel/mm/hugetlb/pool_pages.ts';
import { page_nid, page_use, USE, with_use } from '../../kernel/mm/page.ts';
import type { Op } from '../../machines/recording/ops.ts';
import type { RecordingStep } from '../../machines/recording/recording.ts';
import type { FileTree } from '../../machines/sources/tree.ts';
import { mapHugepages, unmapHugepages } from '../../scenarios/running/programs.ts';
import type { Result } from '../../scenarios/running/result.ts';
import type { Session } from '../../scenarios/running/session.ts';

/**
 * The pages that a pool takes, and those that a program gets, are random. Where they matter, the model takes them from
 * the recorded kpageflags.
 */

export interface PoolInputs {
  /** The inputs given to the model. */
  readonly given: readonly string[];
  /** Huge pages in the order in which a program gets them. */
  readonly heads: readonly number[];
  readonly take_back: () => void;
}

const NOTHING: PoolInputs = { given: [], heads: [], take_back: () => {} };

const KPF = { UPTODATE: 2 ** 3, SLAB: 2 ** 7, ANON: 2 ** 12, HEAD: 2 ** 15, HUGE: 2 ** 17, PGTABLE: 2 ** 26 };
const has = (flags: number, bit: number): boolean => Math.floor(flags / bit) % 2 === 1;

interface Flags {
  readonly pfn: number;
  readonly nr: number;
  readonly flags: number;
}

/** Runs of equal flags, one "0x180000 42 0x0" per line. */
function kpageflags(tree: FileTree): Flags[] {
  const text = tree.readText('kpageflags.rle') ?? '';
  return [...text.matchAll(/^0x([0-9a-f]+) (\d+) 0x([0-9a-f]+)$/gm)].map((match) => ({
    pfn: Number.parseInt(match[1]!, 16),
    nr: Number(match[2]),
    flags: Number.parseInt(match[3]!, 16),
  }));
}

/** The blocks that later operations of the step take offline, as ranges of pages. */
function offlinedLater(session: Session, op: Op, step: RecordingStep): { start: number; end: number }[] {
  const nr = session.kernel.c.memory_block_size_bytes / session.kernel.c.PAGE_SIZE;
  return step.ops.slice(step.ops.indexOf(op) + 1).flatMap((later) => {
    if (later.op !== 'write' || later.value !== 'offline' || later.errno !== null) return [];
    const id = /\/memory(\d+)\/state$/.exec(later.path)?.[1];
    return id === undefined ? [] : [{ start: Number(id) * nr, end: (Number(id) + 1) * nr }];
  });
}

/** "memory40 (64), memory41 (13)" */
function byBlock(session: Session, heads: readonly number[]): string {
  const counts = new Map<number, number>();
  const nr = session.kernel.c.memory_block_size_bytes / session.kernel.c.PAGE_SIZE;
  for (const pfn of heads) counts.set(Math.floor(pfn / nr), (counts.get(Math.floor(pfn / nr)) ?? 0) + 1);
  return [...counts]
    .sort(([a], [b]) => a - b)
    .map(([id, n]) => `memory${id} (${n})`)
    .join(', ');
}

type Range = readonly [start: number, end: number];

/** Makes free pages unavailable while the operation runs. */
function hide(session: Session, ranges: readonly Range[]): () => void {
  const use = (to: number): void => {
    for (const [start, end] of ranges) session.state.pages.update(start, end, (page) => with_use(page, to));
  };
  use(USE.UNMOVABLE);
  return () => use(USE.FREE);
}

/** The free pages of a node without those of some huge pages. */
function allBut(session: Session, nid: number, chosen: ReadonlySet<number>, nrPages: number): Range[] {
  const ranges: Range[] = [];
  for (const { start, end, value } of session.state.pages.in(0, Number.MAX_SAFE_INTEGER)) {
    if (page_use(value) !== USE.FREE || page_nid(value) !== nid) continue;
    for (let at = start; at < end; ) {
      const stop = Math.min(end, (Math.floor(at / nrPages) + 1) * nrPages);
      if (!chosen.has(at)) ranges.push([at, stop]);
      at = stop;
    }
  }
  return ranges;
}

/** A page of the kernel's own memory in each range that a gigantic page could use: the first that kpageflags shows. */
function kernelPages(session: Session, nid: number, order: number, tree: FileTree): PoolInputs {
  const { pages } = session.state;
  const seen = new Map<number, number>();
  for (const { pfn, flags } of kpageflags(tree)) {
    const page = pages.get(pfn);
    if (!has(flags, KPF.SLAB) && !has(flags, KPF.PGTABLE)) continue;
    if (page_nid(page) !== nid || page_use(page) !== USE.FREE) continue;
    const range = Math.floor(pfn / 2 ** order);
    const start = range * 2 ** order;
    const elsewhere = pages.first(
      start,
      start + 2 ** order,
      (other) => page_nid(other) !== nid || page_use(other) === USE.NONE,
    );
    if (elsewhere < 0 && !seen.has(range)) seen.set(range, pfn);
  }
  const pfns = [...seen.values()];
  const takeBack = hide(
    session,
    pfns.map((pfn): Range => [pfn, pfn + 1]),
  );
  return {
    given: pfns.map((pfn) => `page 0x${pfn.toString(16)} was unmovable`),
    heads: [],
    take_back: takeBack,
  };
}

/** The huge pages of the order on the node at the end of the step. */
function recordedHeads(session: Session, nid: number, tree: FileTree): { all: number[]; used: number[] } {
  const heads = kpageflags(tree).filter(
    ({ pfn, flags }) =>
      has(flags, KPF.HUGE) && has(flags, KPF.HEAD) && page_nid(session.state.pages.get(pfn)) === nid,
  );
  // a mapped page is anonymous; one of a file in hugetlbfs is up to date
  const used = heads.filter(({ flags }) => has(flags, KPF.ANON) || has(flags, KPF.UPTODATE));
  return { all: heads.map(({ pfn }) => pfn), used: used.map(({ pfn }) => pfn) };
}

/** The multiples of the size in the ranges whose page has this use. */
function pagesIn(
  session: Session,
  ranges: readonly { start: number; end: number }[],
  nrPages: number,
  use: number,
): number[] {
  return ranges.flatMap(({ start, end }) =>
    Array.from({ length: (end - start) / nrPages }, (_, i) => start + i * nrPages).filter(
      (pfn) => page_use(session.state.pages.get(pfn)) === use,
    ),
  );
}

/**
 * The new pages of a pool according to kpageflags; pages missing at the end of the step lay in blocks that went
 * offline.
 */
function poolPages(session: Session, op: Op & { op: 'write' }, step: RecordingStep): PoolInputs {
  const [, node, size] = /node(\d+)\/hugepages\/(hugepages-\d+kB)\/nr_hugepages$/.exec(op.path) ?? [];
  const order = size === undefined ? -1 : hstate_order(session.kernel.c, size);
  const nid = Number(node);
  if (order < 0 || Number(op.value) === 0) return NOTHING;
  if (hstate_is_gigantic(session.kernel.c, order)) return kernelPages(session, nid, order, step.tree);
  const offlined = offlinedLater(session, op, step);
  const { all } = recordedHeads(session, nid, step.tree);
  if (offlined.length === 0 || all.length === 0) return NOTHING;
  const gone = pagesIn(session, offlined, 2 ** order, USE.FREE).slice(0, Number(op.value) - all.length);
  const chosen = new Set([...all, ...gone]);
  const takeBack = hide(session, allBut(session, nid, chosen, 2 ** order));
  return { given: [`huge pages came from ${byBlock(session, [...chosen])}`], heads: [], take_back: takeBack };
}

/** The pages of the pool that the program had: those that kpageflags shows, and others that were migrated. */
function usedPages(session: Session, op: Op & { op: 'use_memory' }, step: RecordingStep): PoolInputs {
  const { all, used } = recordedHeads(session, op.node ?? 0, step.tree);
  const offlined = offlinedLater(session, op, step);
  if (offlined.length === 0 || all.length === 0) return NOTHING;
  const size = bytesOf(op) / session.kernel.c.PAGE_SIZE;
  const moved = pagesIn(session, offlined, size, USE.HUGE_FREE);
  const heads = [...used, ...moved.slice(0, ((op.mib ?? 0) * 2 ** 20) / bytesOf(op) - used.length)];
  return { given: [`the program had pages in ${byBlock(session, heads)}`], heads, take_back: () => {} };
}

const bytesOf = (op: Op & { op: 'use_memory' }): number => (op.kind === 'huge1g' ? 2 ** 30 : 2 ** 21);

export function poolInputs(session: Session, op: Op, step: RecordingStep): PoolInputs {
  if (op.op === 'write' && op.path.endsWith('/nr_hugepages')) return poolPages(session, op, step);
  if (op.op === 'use_memory' && op.kind.startsWith('huge')) return usedPages(session, op, step);
  return NOTHING;
}

export const useHugepages = (
  session: Session,
  op: Op & { op: 'use_memory' },
  heads: readonly number[],
): Result => mapHugepages(session, op.node ?? 0, bytesOf(op), ((op.mib ?? 0) * 2 ** 20) / bytesOf(op), heads);

/** Ends programs while the kernel waits for their pages; whether there were any. */
export const programEnds = (session: Session): boolean => unmapHugepages(session) > 0;
