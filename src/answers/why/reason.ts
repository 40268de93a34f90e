import { NO_PAGE, page_nid, page_use, page_zonenum, USE } from '../../kernel/mm/page.ts';
import { zone_idx, zone_key } from '../../kernel/state.ts';
import type { AskedMachine } from '../machine.ts';
import type { Owner } from '../owner/owner.ts';
import type { BlockPages } from '../pages/summary.ts';
import { CLASS, type PageClass, UNMOVABLE_CLASSES } from '../pages/word.ts';
import type { PageCount, Reason } from './answer.ts';
import type { Probe } from './probe.ts';

/** Names the reason of a refusal from what the kernel did, in its own order. */
export function reasonOf(asked: AskedMachine, block: number, probe: Probe, owner: Owner): Reason {
  const { kernel, state } = asked.session;
  const { c } = kernel;
  const own = state.memory_block.get(block)!;
  const words = asked.pages?.blocks.get(block) ?? null;
  const none = { pages: [], ranges: [], about: null };
  const named = probe.reason;
  if (!c.MEMORY_HOTREMOVE) return { kind: 'no hotremove', where: 'memory_subsys_offline()', ...none };
  if (named === 'memory holes')
    return { kind: 'holes', where: 'offline_pages()', ...none, ranges: holesOf(asked, block) };
  if (named === 'multizone range' || (named === null && own.zone < 0 && probe.errno === 'EINVAL')) {
    if (holesOf(asked, block).length > 0 && named === null && own.section_count < c.sections_per_block)
      return { kind: 'partial block', where: 'memory_block_offline()', ...none };
    const several = own.links.length > 1;
    return {
      kind: several ? 'nodes' : 'zones',
      where: named ? 'test_pages_in_a_zone()' : 'memory_block_offline()',
      ...none,
      about: zonesIn(asked, block).join(', '),
      ranges: holesOf(asked, block),
    };
  }
  if (own.section_count < c.sections_per_block && probe.errno === 'EINVAL')
    return { kind: 'partial block', where: 'memory_subsys_offline()', ...none };
  if (named === 'notifier failure') {
    const leaf = probe.messages.some((line) => line.includes('splits a leaf entry'));
    const boot = probe.messages.some((line) => line.includes('Boot memory'));
    const kind = leaf ? 'leaf' : boot ? 'boot memory' : 'other';
    return { kind, where: boot || leaf ? 'prevent_bootmem_remove_notifier()' : 'memory_notify()', ...none };
  }
  if (named === 'failure to dissolve huge pages')
    return {
      kind: 'hugetlb',
      where: 'dissolve_free_huge_pages()',
      ...none,
      pages: counts(words, ['hugetlb']),
    };
  if (probe.loops || named === 'signal backoff') {
    const pages = counts(words, ['hugetlb', 'lru']);
    const huge = pages.some(({ kind }) => kind === 'hugetlb');
    return { kind: huge ? 'hugetlb' : 'no room', where: 'do_migrate_range()', ...none, pages };
  }
  if (named === 'unmovable page')
    return {
      kind: 'PageOffline',
      where: 'scan_movable_pages()',
      ...none,
      pages: counts(words, ['PageOffline']),
    };
  if (probe.page >= 0 || named === 'failure to isolate range')
    return isolation(probe, owner, words, isMovable(asked, block));
  return { kind: 'other', where: 'offline_pages()', ...none, about: named };
}

const isMovable = ({ session: { state, kernel } }: AskedMachine, block: number): boolean => {
  const { zone } = state.memory_block.get(block)!;
  return zone >= 0 && zone_idx(zone) === kernel.c.ZONE_MOVABLE;
};

/** In ZONE_MOVABLE only reserved pages count. */
function isolation(probe: Probe, owner: Owner, words: BlockPages | null, movable: boolean): Reason {
  const where = 'has_unmovable_pages()';
  if (probe.page < 0)
    return {
      kind: 'hugetlb',
      where: 'isolate_single_pageblock()',
      pages: counts(words, ['hugetlb']),
      ranges: [],
      about: null,
    };
  const pages = counts(words, movable ? ['reserved'] : [...UNMOVABLE_CLASSES, 'bare']);
  const [first] = pages;
  const reserved = probe.after.state.pages.get(probe.page);
  const isReserved = page_use(reserved) === USE.NONE;
  const ranges = owner.reservations.filter(({ name }) => !/^System RAM/.test(name));
  if (isReserved && (words === null || first?.kind === 'reserved')) {
    const all = pages.filter(({ kind }) => kind === 'reserved');
    return {
      kind: 'reserved',
      where,
      pages: all.length ? all : [one('reserved', probe.page)],
      ranges,
      about: null,
    };
  }
  return {
    kind: 'unmovable',
    where,
    pages: pages.length > 0 ? pages : [one('unmovable', probe.page)],
    ranges,
    about: null,
  };
}

const one = (kind: PageCount['kind'], first: number): PageCount => ({ kind, pages: 1, first });

/** The numbers of pages of some classes, those that begin first at the front. */
export function counts(words: BlockPages | null, classes: readonly PageClass[]): PageCount[] {
  if (words === null) return [];
  return classes
    .map((kind) => ({ kind, pages: words.counts[CLASS[kind]]!, first: words.first[CLASS[kind]]! }))
    .filter(({ pages }) => pages > 0)
    .sort((a, b) => a.first - b.first);
}

/** The parts of a block that are no busy System RAM; bytes. */
export function holesOf({ session }: AskedMachine, block: number): Reason['ranges'] {
  const { state, kernel } = session;
  const size = kernel.c.memory_block_size_bytes;
  const start = block * size;
  const found: { name: string; start: number; size: number }[] = [];
  let at = start;
  const ram: { start: number; end: number }[] = [];
  const walk = (children: typeof state.iomem_resource.children): void => {
    for (const child of children) {
      if (child.end < start || child.start >= start + size) continue;
      if (child.name.startsWith('System RAM')) ram.push({ start: child.start, end: child.end + 1 });
      else walk(child.children);
    }
  };
  walk(state.iomem_resource.children);
  const name = (address: number): string =>
    state.iomem_resource.children.find(
      (res) => res.start <= address && address <= res.end && !res.name.startsWith('System RAM'),
    )?.name ?? 'no RAM';
  for (const range of ram.sort((a, b) => a.start - b.start)) {
    if (range.start > at) found.push({ name: name(at), start: at, size: range.start - at });
    at = Math.max(at, range.end);
  }
  if (at < start + size) found.push({ name: name(at), start: at, size: start + size - at });
  return found;
}

/** The zones of a block's pages: "node 0 DMA". */
function zonesIn({ session }: AskedMachine, block: number): string[] {
  const { state, kernel } = session;
  const perBlock = kernel.c.memory_block_size_bytes / kernel.c.PAGE_SIZE;
  const names = new Map<number, string>();
  for (const { value } of state.pages.in(block * perBlock, (block + 1) * perBlock)) {
    if (value === NO_PAGE) continue;
    const [nid, index] = [page_nid(value), page_zonenum(value)];
    names.set(zone_key(nid, index), `node ${nid} ${kernel.c.zones[index]}`);
  }
  return [...names.values()];
}
