import type { Kernel } from '../../kernel/kernel.ts';
import { NO_PAGE, page_zonenum } from '../../kernel/mm/page.ts';
import { MEM_OFFLINE, type State, zone_idx, zone_to_nid } from '../../kernel/state.ts';

/** The parts of the machine that an operation may change: one short text per object. */
export type Summary = ReadonlyMap<string, string>;

export function summarize(state: State, k: Kernel): Summary {
  const summary = new Map<string, string>();
  for (const [id, block] of state.memory_block) {
    summary.set(
      `memory${id}`,
      block.state === MEM_OFFLINE ? 'offline' : ['online', zoneOf(state, k, id) ?? []].flat().join(' '),
    );
  }
  for (const [key, zone] of state.zone) {
    const name = `node ${zone_to_nid(key)} zone ${zone.name}`;
    if (zone.spanned_pages > 0 || zone.present_pages > 0) {
      summary.set(
        name,
        `start_pfn ${zone.zone_start_pfn} spanned ${zone.spanned_pages} present ${zone.present_pages}`,
      );
    }
  }
  for (const [nid, node] of state.pgdat)
    if (node.registered) summary.set(`node${nid}`, node.n_memory ? 'with memory' : 'without memory');
  for (const [name, text] of poolsAndLosses(state, k)) summary.set(name, text);
  for (const res of state.iomem_resource.children) {
    if (res.name.startsWith('System RAM'))
      summary.set(`${range(res.start, res.end)} ${res.name}`, 'in /proc/iomem');
  }
  return summary;
}

/** The pools of huge pages, and the bytes that alignment loses. */
export function poolsAndLosses(state: State, k: Kernel): Summary {
  const summary = new Map<string, string>();
  for (const [order, { nr_huge_pages_node, free_huge_pages_node }] of state.hstate) {
    const size = `hugepages-${(2 ** order * k.c.PAGE_SIZE) / 1024}kB`;
    for (const [nid, nr] of nr_huge_pages_node.entries())
      if (nr > 0) summary.set(`node${nid} ${size}`, `${nr}, ${free_huge_pages_node[nid] ?? 0} of them free`);
  }
  for (const { name, ranges, driver } of state.dev_dax.values()) {
    const size = ranges.reduce((sum, one) => sum + one.size, 0);
    const lost = ranges.reduce(
      (sum, one) => sum + lostToBlocks(one.start, one.size, k.c.memory_block_size_bytes),
      0,
    );
    if (driver === 'kmem' && lost > 0)
      summary.set(`${name} as memory`, `${lost} of ${size} bytes lost to alignment`);
  }
  for (const { kind, region, id, pfn_sb } of state.nd_pfn.values()) {
    const lost = pfn_sb ? pfn_sb.start_pad + pfn_sb.end_trunc : 0;
    if (lost > 0) summary.set(`${kind}${region}.${id}`, `${lost} bytes lost to alignment`);
  }
  return summary;
}

/** The bytes of a range that are in no whole memory block. */
function lostToBlocks(start: number, size: number, block: number): number {
  const first = Math.ceil(start / block);
  const end = Math.floor((start + size) / block);
  return size - Math.max(0, end - first) * block;
}

/** The zone recorded for a block, or, on releases without that record, the one zone of all its pages; null if there are several. */
export function zoneOf(state: State, k: Kernel, id: number): string | null {
  const kept = state.memory_block.get(id)!.zone;
  if (kept >= 0) return k.c.zones[zone_idx(kept)]!;
  const nrPages = k.c.memory_block_size_bytes / k.c.PAGE_SIZE;
  const start = id * nrPages;
  const first = state.pages.first(start, start + nrPages, (page) => page !== NO_PAGE);
  if (first < 0) return null;
  const zone = page_zonenum(state.pages.get(first));
  const other = (page: number): boolean => page !== NO_PAGE && page_zonenum(page) !== zone;
  return state.pages.first(first, start + nrPages, other) < 0 ? k.c.zones[zone]! : null;
}

/** Numbers of table pages by level. */
export type TablePageCounts = State['table_pages']['allocated'];

/** The table pages allocated and freed between two moments, by level; levels without any are left out. */
export function tableChanges(
  before: State['table_pages'],
  after: State['table_pages'],
): { readonly allocated: TablePageCounts; readonly freed: TablePageCounts } {
  const more = (old: TablePageCounts, now: TablePageCounts): TablePageCounts => {
    const levels = Object.keys(now) as (keyof TablePageCounts)[];
    const counts = levels.map((level) => [level, now[level]! - (old[level] ?? 0)] as const);
    return Object.fromEntries(counts.filter(([, n]) => n > 0));
  };
  return {
    allocated: more(before.allocated, after.allocated),
    freed: more(before.freed, after.freed),
  };
}

const range = (start: number, end: number): string => `[mem 0x${start.toString(16)}-0x${end.toString(16)}]`;

const blockId = (name: string): number => (name.startsWith('memory') ? Number(name.slice(6)) : Number.NaN);

/** The differences, one line each; adjacent blocks with the same change share a line. */
export function changes(before: Summary, after: Summary): string[] {
  const lines: string[] = [];
  const blocks: { first: number; last: number; text: string }[] = [];
  const names = [...new Set([...before.keys(), ...after.keys()])];
  const ids = names.filter((name) => !Number.isNaN(blockId(name))).sort((a, b) => blockId(a) - blockId(b));
  for (const name of ids) {
    const text = difference(before.get(name), after.get(name));
    if (text === null) continue;
    const last = blocks.at(-1);
    const id = blockId(name);
    if (last && last.last + 1 === id && last.text === text) last.last = id;
    else blocks.push({ first: id, last: id, text });
  }
  for (const { first, last, text } of blocks) {
    lines.push(`memory${first}${last > first ? `..${last}` : ''}: ${text}`);
  }
  for (const name of names) {
    if (!Number.isNaN(blockId(name))) continue;
    const text = difference(before.get(name), after.get(name));
    if (text !== null) lines.push(`${name}: ${text}`);
  }
  return lines;
}

function difference(before: string | undefined, after: string | undefined): string | null {
  if (before === after) return null;
  if (before === undefined) return `new, ${after}`;
  return after === undefined ? 'gone' : `${before} -> ${after}`;
}
