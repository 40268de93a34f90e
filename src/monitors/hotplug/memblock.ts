import type { Config } from '../../kernel/config.ts';
import { MEMBLOCK_MEMORY, SECTION_HAS_MEM_MAP, SECTION_IS_EARLY, type State } from '../../kernel/state.ts';
import type { Failure } from '../../steps/failure.ts';
import { broken } from './broken.ts';
import { devicePfns, isOfBlock } from './device-memory.ts';

/**
 * If memblock is kept after boot (CONFIG_ARCH_KEEP_MEMBLOCK), it covers every hot-added section that is valid and
 * belongs to a memory block. Device memory belongs to no block.
 */
export function checkMemblock(state: State, c: Config): Failure[] {
  if (!c.ARCH_KEEP_MEMBLOCK) return [];
  const regions = state.memblock_type.get(MEMBLOCK_MEMORY)!.regions;
  const found: Failure[] = [];
  const devices = devicePfns(state, c);
  const sections = [...state.mem_section].filter(
    ([nr, ms]) =>
      ms.section_mem_map & SECTION_HAS_MEM_MAP &&
      !(ms.section_mem_map & SECTION_IS_EARLY) &&
      isOfBlock(state, c, nr, devices) &&
      state.memory_block.has(Math.floor(nr / c.sections_per_block)),
  );
  sections.sort(([a], [b]) => a - b);
  let i = 0;
  for (const [nr] of sections) {
    const start = nr * c.SECTION_SIZE;
    const end = start + c.SECTION_SIZE;
    while (i < regions.length && regions[i]!.base + regions[i]!.size <= start) i++;
    let at = start;
    for (let j = i; j < regions.length && at < end; j++) {
      const region = regions[j]!;
      if (region.base > at) break;
      at = region.base + region.size;
    }
    if (at < end)
      found.push(
        broken(
          'memblock',
          'no region',
          { section: nr },
          `section ${nr} is valid and memblock.memory does not hold it`,
        ),
      );
  }
  return found;
}
