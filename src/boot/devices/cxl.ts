import { dax_key } from '../../kernel/drivers/dax/bus.ts';
import { IOMEM_RESOURCE } from '../../kernel/kernel/resource.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import { IORESOURCE_MEM, type State } from '../../kernel/state.ts';
import type { CxlMemory, CxlWindow } from '../../machines/captures/cxl-json.ts';
import { Runner } from '../../schedule/runner.ts';
import type { Steps } from '../../steps/step.ts';
import { adopt, bindTo, blocksIn, dropResource, findResource, newInstance } from './device-ranges.ts';

/** CXL windows and regions of a running kernel. */

/** The entry, unless /proc/iomem had it. */
function* insert(
  k: Kernel,
  state: State,
  root: string,
  name: string,
  { start, size }: CxlWindow,
): Steps<number> {
  if (findResource(state.iomem_resource, (res) => res.name === name)) return 0;
  const end = start + size - 1;
  return yield* k.insert_resource(root, { name, start, end, flags: IORESOURCE_MEM, children: [] });
}

/** The nodes of windows whose memory the source does not show, by their devices. */
export type WindowNodes = (range: CxlWindow) => number | undefined;

/** The windows and the regions in them; no driver yet. */
export function placeCxl({ windows, regions }: CxlMemory, named: WindowNodes, k: Kernel, state: State): void {
  const runner = new Runner(state);
  const first = Math.min(...state.pgdat.keys());
  const nidOf = (range: CxlWindow): number => {
    const shown = blocksIn(k, state, range).flatMap((id) => state.memory_block.get(id)!.links)[0];
    const nid = shown ?? named(range) ?? first;
    return state.pgdat.has(nid) ? nid : first;
  };
  for (const window of windows) {
    const { id, ...range } = window;
    state.cxl_root_decoder.set(id, { ...range, target_node: nidOf(window) });
    runner.run(insert(k, state, IOMEM_RESOURCE, `CXL Window ${id}`, window));
  }
  for (const { id, type, enabled, ...range } of regions) {
    const end = range.start + range.size;
    const window = windows.find((own) => own.start <= range.start && end <= own.start + own.size);
    if (!window) continue;
    const own = { id, ...range };
    state.cxl_region.set(id, { ...range, mode: type, cxlrd: window.id });
    runner.run(insert(k, state, `CXL Window ${window.id}`, `region${id}`, own));
    if (type === 'pmem' && enabled) runner.run(insert(k, state, IOMEM_RESOURCE, `pmem_region${id}`, own));
  }
}

/** What of a source says where memory of devices is. */
export interface KnownMemory {
  readonly blocks: boolean;
  readonly iomem: boolean;
}

/** A region with memory blocks is memory by way of dax kmem; where no blocks are known, its driver begins. */
function* begin(k: Kernel, state: State, id: number, known: KnownMemory): Steps<number> {
  const region = state.cxl_region.get(id)!;
  const name = `dax${id}.0`;
  if (state.dev_dax.has(dax_key(name)) || !('cxl_dax_region_probe' in k)) return 0;
  const shown = blocksIn(k, state, region).length > 0;
  if (!shown && !known.blocks) return yield* k.cxl_region_probe(id);
  // RAM without an instance in /proc/iomem is the firmware's, and the region has none
  const entry = findResource(state.iomem_resource, (res) => res.name === name);
  if (known.iomem && !entry) return 0;
  const window = state.cxl_root_decoder.get(region.cxlrd)!;
  const data = { target_node: window.target_node, memmap_on_memory: true };
  const key = yield* newInstance(k, state, id, region, data);
  if (shown) return yield* adopt(k, state, key);
  // the driver adds it again
  if (entry) dropResource(state.iomem_resource, entry);
  yield* bindTo(k, state, key, 'device_dax');
  return 0;
}

/** The drivers of the regions of volatile memory. */
export function bootCxl({ regions }: CxlMemory, known: KnownMemory, k: Kernel, state: State): void {
  const runner = new Runner(state);
  for (const { id, type, enabled } of regions)
    if (type === 'ram' && enabled && state.cxl_region.has(id)) runner.run(begin(k, state, id, known));
}
