import { dax_key } from '../kernel/drivers/dax/bus.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { IORESOURCE_MEM, IORESOURCE_SYSTEM_RAM, type resource, type State } from '../kernel/state.ts';
import type { CxlMemory, CxlWindow } from '../machines/captures/cxl-json.ts';
import { Runner } from '../schedule/runner.ts';
import type { Steps } from '../steps/step.ts';

/** CXL windows and regions of a running kernel; a region with memory blocks is memory by way of dax kmem. */

/** The entry, unless /proc/iomem had it. */
function* insert(k: Kernel, state: State, name: string, { start, size }: CxlWindow): Steps<number> {
  if (find(state.iomem_resource, name)) return 0;
  const end = start + size - 1;
  return yield* k.insert_resource({ name, start, end, flags: IORESOURCE_MEM, children: [] });
}

/** The memory blocks that lie wholly in a range. */
function blocksIn(k: Kernel, state: State, { start, size }: CxlWindow): number[] {
  const block = k.c.memory_block_size_bytes;
  const ids: number[] = [];
  for (let id = Math.ceil(start / block); (id + 1) * block <= start + size; id++)
    if (state.memory_block.has(id)) ids.push(id);
  return ids;
}

const find = ({ children }: resource, name: string): resource | undefined =>
  children.find((res) => res.name === name) ??
  children.map((res) => find(res, name)).find((found) => found !== undefined);

/** Without /proc/iomem, the source's blocks in the region were taken for RAM of the firmware. */
function placeInstance(region: resource | undefined, name: string, start: number, end: number): void {
  if (!region) return;
  const inside = region.children.filter((res) => start <= res.start && res.end <= end);
  for (const ram of inside) if (ram.name === 'System RAM') ram.name = 'System RAM (kmem)';
  const own = { name, start, end, flags: IORESOURCE_SYSTEM_RAM, children: inside };
  const others = region.children.filter((res) => !inside.includes(res));
  region.children = [...others, own].sort((x, y) => x.start - y.start);
}

function* instance(k: Kernel, state: State, region: CxlWindow, nid: number): Steps<number> {
  const name = `dax${region.id}.0`;
  const key = dax_key(name);
  const ids = blocksIn(k, state, region);
  if (state.dev_dax.has(key) || ids.length === 0) return 0;
  const root = state.iomem_resource;
  const block = k.c.memory_block_size_bytes;
  if (!find(root, name)) {
    const end = (ids.at(-1)! + 1) * block - 1;
    placeInstance(find(root, `region${region.id}`), name, ids[0]! * block, end);
  }
  const { start, size } = region;
  const pages = Math.ceil(size / k.c.PAGE_SIZE);
  state.dev_dax.set(key, {
    name,
    start,
    size,
    align: k.c.PMD_SIZE,
    target_node: nid,
    driver: 'kmem',
    pgmap: yield* k.$alloc_dev_pagemap('generic', start, size, nid, null),
    mgid: 'memory_group_register_static' in k ? yield* k.memory_group_register_static(nid, pages) : -1,
    res: true,
    kmem: true,
    memmap_on_memory: true,
  });
  return 0;
}

export function bootCxl({ windows, regions }: CxlMemory, k: Kernel, state: State): void {
  const runner = new Runner(state);
  const first = Math.min(...state.pgdat.keys());
  const nidOf = (range: CxlWindow): number =>
    blocksIn(k, state, range).flatMap((id) => state.memory_block.get(id)!.links)[0] ?? first;
  for (const window of windows) {
    const { id, ...range } = window;
    state.cxl_root_decoder.set(id, { ...range, target_node: nidOf(window) });
    runner.run(insert(k, state, `CXL Window ${id}`, window));
  }
  for (const region of regions) {
    const { id, ...range } = region;
    const end = range.start + range.size;
    const window = windows.find((own) => own.start <= range.start && end <= own.start + own.size);
    if (!window) continue;
    state.cxl_region.set(id, { ...range, cxlrd: window.id });
    runner.run(insert(k, state, `region${id}`, region));
    runner.run(instance(k, state, region, nidOf(region)));
  }
}
