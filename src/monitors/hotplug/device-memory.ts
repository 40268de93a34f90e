import type { Config } from '../../kernel/config.ts';
import { SECTION_IS_EARLY, SECTION_MARKED_PRESENT, type State } from '../../kernel/state.ts';
import { merged, type ZoneSpan } from './spans.ts';

/**
 * The pfns of device memory, ascending. Its sections may lie in the range of a memory block and do not belong to it
 * (memremap_pages() adds memory without MHP_MEMBLOCK_API).
 */
export const devicePfns = (state: State, c: Config): ZoneSpan[] =>
  merged(
    [...state.dev_pagemap.values()]
      .filter(({ mapped }) => mapped)
      .map(({ start, end }) => ({
        start: Math.floor(start / c.PAGE_SIZE),
        end: Math.ceil((end + 1) / c.PAGE_SIZE),
      })),
  );

/** Whether a present section is a part of its memory block: boot memory, or added together with blocks. */
export function isOfBlock(state: State, c: Config, nr: number, devices: readonly ZoneSpan[]): boolean {
  const map = state.mem_section.get(nr)?.section_mem_map ?? 0;
  if (!(map & SECTION_MARKED_PRESENT)) return false;
  if (map & SECTION_IS_EARLY) return true;
  const [start, end] = [nr * c.PAGES_PER_SECTION, (nr + 1) * c.PAGES_PER_SECTION];
  return !devices.some((device) => device.start < end && device.end > start);
}
