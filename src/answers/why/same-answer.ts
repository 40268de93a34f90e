import type { resource } from '../../kernel/state.ts';
import { SECTION_IS_EARLY } from '../../kernel/state.ts';
import { pageContextOf } from '../asked-pages.ts';
import type { AskedMachine } from '../machine.ts';
import { bareIsUsed } from '../pages/place.ts';
import type { BlockPages } from '../pages/summary.ts';
import { CLASS } from '../pages/word.ts';

/** Innermost resources, ascending, for a search by address. */
function flat(root: resource): { start: number; end: number; name: string }[] {
  const found: { start: number; end: number; name: string }[] = [];
  const walk = (res: resource, path: string): void => {
    for (const child of res.children) {
      const name = `${path}/${child.name}`;
      found.push({ start: child.start, end: child.end + 1, name });
      walk(child, name);
    }
  };
  walk(root, '');
  return found.sort((a, b) => a.start - b.start);
}

/**
 * A key of a block: blocks of the same key get the same answer, as they differ in nothing that offlining looks at but
 * their numbers.
 */
export function sameAnswer(asked: AskedMachine): (block: number) => string {
  const { state, kernel } = asked.session;
  const { c } = kernel;
  const size = c.memory_block_size_bytes;
  const perBlock = size / c.PAGE_SIZE;
  const resources = flat(state.iomem_resource);
  const around = resources.filter(({ start, end }) => end - start > size);
  const firmware = new Set(asked.machine.blocks?.filter((one) => one.firmware_node).map(({ id }) => id));
  const context = pageContextOf(asked);
  const bounds = resources.flatMap(({ start, end }) => [start, end]).sort((a, b) => a - b);
  /** Whether no resource begins or ends within a range. */
  const unbroken = (start: number, end: number): boolean => {
    let low = 0;
    for (let high = bounds.length; low < high; ) {
      const mid = (low + high) >>> 1;
      if (bounds[mid]! <= start) low = mid + 1;
      else high = mid;
    }
    return low === bounds.length || bounds[low]! >= end;
  };
  let last: { start: number; end: number; names: string } | null = null;
  return (block) => {
    const own = state.memory_block.get(block)!;
    const start = block * size;
    const runs = [...state.pages.in(block * perBlock, (block + 1) * perBlock)];
    const words = asked.pages?.blocks.get(block);
    const plain =
      unbroken(start, start + size) && runs.length === 1 && (words === undefined || isPlain(words));
    if (!plain) return `only ${block}`;
    if (!last || start < last.start || start + size > last.end) {
      const own = around.filter((res) => res.start <= start && res.end >= start + size);
      last = {
        start: Math.max(0, ...own.map((res) => res.start)),
        end: Math.min(Number.MAX_SAFE_INTEGER, ...own.map((res) => res.end)),
        names: own.map(({ name }) => name).join(),
      };
    }
    const early = (state.mem_section.get(own.start_section_nr)?.section_mem_map ?? 0) & SECTION_IS_EARLY;
    const pages = words
      ? `${words.counts[CLASS.lru]! > 0} ${bareIsUsed(state, own.zone, words, context)}`
      : '';
    const what = [
      own.zone,
      own.offline,
      own.section_count,
      own.nr_vmemmap_pages,
      own.nr_hwpoison,
      own.links.join(),
    ];
    return [...what, runs[0]!.value, early, firmware.has(block), last.names, last.start, pages].join(' ');
  };
}

/** Whether only free, movable and unmarked pages are in it. */
const isPlain = ({ counts, runs, unmovable }: BlockPages): boolean =>
  runs.length === 0 && unmovable.length === 0 && counts[CLASS['no page']] === 0;
