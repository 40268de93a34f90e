import type { Draws, Here, Range } from '../here.ts';
import { canRemove } from './memory.ts';

/** Devices with memory: DIMMs, device memory, virtio-mem, a Hyper-V host. */

const M = 2 ** 20;

const IDS = ['d0', 'd1', 'd2', 'd3'] as const;

/** Device memory mostly begins and ends with sub-sections. */
function deviceRange(here: Here): Range {
  const blocks = here.once(12) ? here.blocks(2) : here.freeBlocks(2);
  return here.part(blocks, here.once(15) ? here.c.PAGE_SIZE : 2 * M);
}

/** Room for the struct pages of a range at its start. */
const altmapOf = ({ size }: Range, pageSize: number): number =>
  Math.ceil(((size / pageSize) * 64) / (2 * M)) * 2 * M;

export const deviceSteps = {
  device_add: {
    weight: 9,
    draw: (here) => ({
      id: here.pick(IDS),
      ...here.odd(here.once(8) ? here.blocks() : here.freeBlocks()),
      node: here.possibleNode(),
    }),
  },
  device_del: {
    weight: 7,
    draw(here) {
      if (!canRemove(here)) return null;
      if (here.once(10)) return { id: here.pick(IDS) };
      const there = here.any(here.done('device_add'));
      return there && { id: there.id };
    },
  },
  memremap: {
    weight: 7,
    draw(here) {
      const range = deviceRange(here);
      const altmap = altmapOf(range, here.c.PAGE_SIZE);
      const as = here.pick(['fs_dax', 'generic', 'private'] as const);
      const own = here.once(3) && altmap < range.size ? { altmap } : {};
      return { ...range, node: here.possibleNode(), as, ...own };
    },
  },
  /** Device memory of the scenario's own: no driver has mapped it. */
  memunmap: {
    weight: 5,
    draw(here) {
      if (!canRemove(here)) return null;
      const { dev_pagemap, nd_namespace, dev_dax } = here.state;
      const owned = new Set([
        ...[...nd_namespace.values()].map(({ pgmap }) => pgmap),
        ...[...dev_dax.values()].flatMap(({ pgmaps }) => pgmaps),
      ]);
      const own = [...dev_pagemap].filter(([key, { mapped }]) => mapped && !owned.has(key));
      const map = here.any(own)?.[1];
      return map ? { start: map.start, size: map.end - map.start + 1 } : null;
    },
  },
  zone_device: {
    weight: 1,
    draw: (here) => ({
      ...here.part(here.freeBlocks(1)),
      node: here.possibleNode(),
      memtype: here.pick(['WB', 'UC-']),
    }),
  },
  virtio_mem: {
    weight: 3,
    draw(here) {
      const device = here.prng.below(3);
      if (here.state.virtio_mem.has(device)) return null;
      const block = here.pick([2 * M, 2 * M, 4 * M, 64 * M, 128 * M, 256 * M, here.c.PAGE_SIZE]);
      const blocks = here.freeBlocks(4);
      const { start, size } = here.once(3) ? here.part(blocks, Math.max(block, 2 * M)) : blocks;
      return start % block || size % block ? null : { device, start, size, block, node: here.possibleNode() };
    },
  },
  virtio_mem_request: {
    weight: 8,
    draw(here) {
      const found = here.any([...here.state.virtio_mem]);
      if (found === null) return null;
      const [device, { region_size, device_block_size }] = found;
      const blocks = region_size / device_block_size;
      const n = here.once(3) ? here.pick([0, blocks]) : here.prng.below(blocks + 1);
      return { device, size: n * device_block_size };
    },
  },
  virtio_mem_remove: {
    weight: 1,
    draw(here) {
      const device = here.any([...here.state.virtio_mem.keys()]);
      return device === null ? null : { device };
    },
  },
  hv_hot_add: {
    weight: 4,
    draw(here) {
      const range = here.freeBlocks(2);
      const pages = range.size / here.c.PAGE_SIZE;
      return {
        ...range,
        backed: here.c.PAGE_SIZE * (here.once(2) ? pages : here.prng.below(pages + 1)),
        node: here.possibleNode(),
      };
    },
  },
} satisfies Draws;
