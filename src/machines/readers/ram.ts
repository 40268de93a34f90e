import type { Block, IomemEntry, RamRange } from '../machine.ts';
import { isSystemRam } from './iomem.ts';

export interface Hole {
  readonly start: number;
  readonly size: number;
}

/**
 * The RAM of a running kernel: "System RAM" of /proc/iomem, split where the node of the blocks changes. It does not
 * distinguish boot RAM from memory that firmware has added since. Memory managed by drivers ("System RAM (kmem)") is
 * left out.
 */
export function ramOf(iomem: readonly IomemEntry[], blocks: readonly Block[], blockSize: number): RamRange[] {
  const nidOf = new Map(blocks.map((block) => [block.id, block.nids[0]]));
  const ram: { start: number; size: number; nid: number }[] = [];
  for (const { name, start, end } of iomem) {
    if (name !== 'System RAM') continue;
    let last: { start: number; size: number; nid: number } | undefined;
    for (let at = start; at <= end; ) {
      const id = Math.floor(at / blockSize);
      const until = Math.min((id + 1) * blockSize, end + 1);
      const nid = nidOf.get(id) ?? last?.nid ?? 0;
      if (last !== undefined && last.nid === nid) {
        last.size += until - at;
      } else {
        last = { start: at, size: until - at, nid };
        ram.push(last);
      }
      at = until;
    }
  }
  return ram;
}

/**
 * The parts of blocks that are not System RAM of any kind, ascending: the kernel refuses to offline blocks with such
 * holes.
 */
export function holesOf(iomem: readonly IomemEntry[], blocks: readonly Block[], blockSize: number): Hole[] {
  const ram = iomem.filter(isSystemRam).sort((a, b) => a.start - b.start);
  const holes: Hole[] = [];
  let next = 0;
  const gap = (start: number, end: number): void => {
    const last = holes[holes.length - 1];
    if (last !== undefined && last.start + last.size === start) {
      holes[holes.length - 1] = { start: last.start, size: end - last.start };
    } else {
      holes.push({ start, size: end - start });
    }
  };
  for (const { id } of blocks) {
    const end = (id + 1) * blockSize;
    let at = id * blockSize;
    while (next < ram.length && ram[next]!.end < at) next++;
    for (let r = next; r < ram.length && ram[r]!.start < end; r++) {
      if (ram[r]!.start > at) gap(at, ram[r]!.start);
      at = Math.max(at, Math.min(ram[r]!.end + 1, end));
    }
    if (at < end) gap(at, end);
  }
  return holes;
}
