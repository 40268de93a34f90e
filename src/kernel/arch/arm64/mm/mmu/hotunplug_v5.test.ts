import { expect, test } from 'vitest';
import { ARM64, booted, G, M } from '../../../../../../test/kit.ts';
import { held } from '../../../../../hardware/tlb/reach.ts';
import { leaves } from '../../../../../hardware/walks/walk.ts';
import { stray } from '../../../../../monitors/mmu/ways.ts';
import { phys_to_virt, vmemmap_of } from '../../../../pfn.ts';

const NEW = 4 * G;
const SHAPES = [
  { page_size: '4K', va_bits: 39 },
  { page_size: '4K', va_bits: 48 },
  { page_size: '16K', va_bits: 36 },
  { page_size: '16K', va_bits: 47 },
  { page_size: '64K', va_bits: 42 },
  { page_size: '64K', va_bits: 48 },
] as const;

const plugged = (release: string, shape: object) => {
  const session = booted(release, { ...ARM64, ...shape });
  expect(session.call(session.kernel.add_memory(0, NEW, G, 0))).toMatchObject({ ret: 0 });
  return session;
};

test.each(SHAPES)('V5 takes away what V6 does and the tables of the memmap, too: %o', (shape) => {
  const session = booted('arm64-v5', { ...ARM64, ...shape });
  const words = session.state.mmu!.words.canonical();
  for (let i = 0; i < 2; i++) {
    expect(session.call(session.kernel.add_memory(0, NEW, G, 0))).toMatchObject({ ret: 0 });
    expect(session.call(session.kernel.remove_memory(NEW, G))).toMatchObject({ ret: 0, events: [] });
    expect(session.state.mmu!.words.canonical()).toEqual(words);
  }
  const { allocated, freed } = session.state.table_pages;
  expect(freed).toEqual(allocated);
});

test('V5 leaves blocks of the memmap in the TLBs for ever, and what they map is free (B10, B12)', () => {
  const session = plugged('arm64-v5', { page_size: '4K', va_bits: 48 });
  const { c } = session.kernel;
  session.call(session.kernel.remove_memory(NEW, G));
  const start = vmemmap_of(c, NEW / c.PAGE_SIZE);
  const blocks = held(session.state.mmu!, start, 16 * M).filter((h) => h.as === 'leaf');
  expect(blocks.map((h) => [h.level, h.va, h.size, h.held_by])).toEqual([['PMD', start, 16 * M, [0, 1]]]);
  expect(stray(session.state, c).map((r) => [r.level, r.size, r.held_by])).toEqual([['PMD', 16 * M, [0, 1]]]);
});

test.each(['arm64-v6', 'v5.7', 'v5.10'])('%s leaves nothing in any TLB', (release) => {
  for (const shape of SHAPES) {
    const session = plugged(release, shape);
    const { c } = session.kernel;
    expect(session.call(session.kernel.remove_memory(NEW, G))).toMatchObject({ ret: 0, events: [] });
    const start = vmemmap_of(c, NEW / c.PAGE_SIZE);
    const size = vmemmap_of(c, (NEW + G) / c.PAGE_SIZE) - start;
    expect(held(session.state.mmu!, start, size)).toEqual([]);
    const linear = held(session.state.mmu!, phys_to_virt(c, NEW), G);
    expect(linear.filter((h) => h.held_by.length > 0)).toEqual([]);
    // B22: without the ISB, instructions that the CPU had fetched before may still use the table
    expect(linear.length > 0).toBe(release === 'arm64-v6');
    expect(stray(session.state, c)).toEqual([]);
  }
});

/** The linear map of v5.2 ends where the address space does, at 0, and no unsigned address is below 0. */
test('V5 takes nothing away of memory at the top of the linear map (B30)', () => {
  const session = booted('arm64-v5', { ...ARM64, page_size: '16K', va_bits: 36 });
  const { c } = session.kernel;
  const top = 32 * G;
  expect(phys_to_virt(c, top + G)).toBe(0);
  expect(session.call(session.kernel.add_memory(0, top, G, 0))).toMatchObject({ ret: 0 });
  expect(session.call(session.kernel.remove_memory(top, G))).toMatchObject({ ret: 0, events: [] });
  const left = [...leaves(session.state.mmu!, phys_to_virt(c, top), 0)];
  expect(left.reduce((sum, leaf) => sum + leaf.end - leaf.start, 0)).toBe(G);
});
