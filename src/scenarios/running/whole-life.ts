import type { Model } from '../../boot/boot.ts';
import type { Scenario } from '../format/read.ts';

/** The first block-aligned address above all RAM and memory blocks that no entry of /proc/iomem contains; null for none. */
export function firstFit({ state, kernel }: Model): number | null {
  const block = kernel.c.memory_block_size_bytes;
  let at = 0;
  for (const id of state.memory_block.keys()) at = Math.max(at, (id + 1) * block);
  for (const res of state.iomem_resource.children) {
    if (res.name.startsWith('System RAM')) at = Math.max(at, Math.ceil((res.end + 1) / block) * block);
  }
  for (const res of state.iomem_resource.children) {
    if (res.end >= at && res.start < at + block) at = Math.ceil((res.end + 1) / block) * block;
  }
  return at >= kernel.c.mappable_range.start && at + block - 1 <= kernel.c.mappable_range.end ? at : null;
}

/**
 * The scenario of `mhp run --host` without a file: the whole life of a DIMM of one block on the first node with memory.
 */
export function wholeLife(model: Model): Scenario | null {
  const start = firstFit(model);
  if (start === null) return null;
  const size = model.kernel.c.memory_block_size_bytes;
  const node = Math.min(...[...model.state.pgdat.values()].filter((n) => n.online).map((n) => n.node_id));
  const block = start / size;
  return {
    file: 'this host',
    id: null,
    title: 'whole life of a DIMM',
    machine: 'host',
    release: null,
    release_name: undefined,
    fixed: [],
    failure: undefined,
    why: null,
    interleaved: null,
    steps: [
      { kind: 'device_add', step: { id: 'dimm0', start, size, node } },
      { kind: 'online_movable', step: { blocks: block } },
      { kind: 'offline', step: { blocks: block } },
      { kind: 'device_del', step: { id: 'dimm0' } },
    ],
    lines: [],
  };
}
