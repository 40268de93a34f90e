import type { FileTree } from '../../machines/sources/tree.ts';
import type { Session } from '../../scenarios/running/session.ts';
import { placePools, poolOrders } from './hugetlb.ts';
import { perCpuPages } from './per-cpu.ts';
import { type PageContext, placeBlock } from './place.ts';
import { readRecordedWords } from './recorded-words.ts';
import { PageSummary } from './summary.ts';

/** What is known of a machine's pages besides their words. */
export const pageContext = ({ kernel }: Session, tree: FileTree): PageContext => ({
  per_cpu: perCpuPages(tree.readText('proc/zoneinfo'), kernel.c.zones),
  memmap_on_memory: kernel.c.memmap_on_memory,
  huge_orders: poolOrders(tree, kernel.c),
});

/** A summary by the machine's blocks, still empty. */
export const newSummary = ({ kernel: { c } }: Session, wanted?: (block: number) => boolean): PageSummary =>
  new PageSummary(c.memory_block_size_bytes / c.PAGE_SIZE, c.pageblock_nr_pages, wanted);

/** Gives the booted machine the pages that its archive shows; returns what is known of them, null if it shows none. */
export function placeRecorded(session: Session, tree: FileTree): PageSummary | null {
  const summary = newSummary(session);
  if (!readRecordedWords(tree, summary)) return null;
  const context = pageContext(session, tree);
  for (const [id, block] of summary.blocks) placeBlock(session, id, block, context);
  placePools(session, tree);
  return summary;
}
