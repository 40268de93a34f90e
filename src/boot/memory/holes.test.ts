import { expect, test } from 'vitest';
import { booted, G, M } from '../../../test/kit.ts';
import { MEMMAP, PageReserved, page_memmap, page_nid, page_zonenum } from '../../kernel/mm/page.ts';

/** Holes in a zone, behind the last zone of node 0, and behind all memory; each ends inside a section. */
const HOLES = {
  arch: 'x86_64',
  ram: [
    { start: 0, size: '1G' },
    { start: '1088M', size: '928M' },
    { start: '4G', size: '1000M', node: 1 },
  ],
  nodes: [
    { node: 0, cpus: '0' },
    { node: 1, cpus: '1' },
  ],
};

const IN_ZONE = 1 * G + 32 * M;
const BEHIND_ZONE = 2016 * M;
const BEHIND_ALL = 4 * G + 1000 * M;

function hole(release: string, at: number): string {
  const { kernel, state } = booted(release, HOLES);
  const page = state.pages.get(at / kernel.c.PAGE_SIZE);
  expect(page_memmap(page)).toBe(MEMMAP.INIT);
  return `${page_nid(page)} ${kernel.c.zones[page_zonenum(page)]}${PageReserved(page) ? ' reserved' : ''}`;
}

test.each([
  ['v5.2', '0 DMA32', '0 DMA', '0 DMA'],
  ['v5.4', '0 DMA32', '0 DMA', '0 DMA'],
  ['v5.7', '0 DMA32', '0 DMA reserved', '0 DMA reserved'],
  ['v5.10', '0 DMA32 reserved', '1 Normal reserved', '1 Normal reserved'],
  ['v6.1', '0 DMA32 reserved', '1 Normal reserved', '1 Normal reserved'],
  ['v7.2', '0 DMA32 reserved', '1 Normal reserved', '1 Normal reserved'],
])('%s: node and zone of the struct pages of a hole', (release, inZone, behindZone, behindAll) => {
  expect(hole(release, IN_ZONE)).toBe(inZone);
  expect(hole(release, BEHIND_ZONE)).toBe(behindZone);
  expect(hole(release, BEHIND_ALL)).toBe(behindAll);
});
