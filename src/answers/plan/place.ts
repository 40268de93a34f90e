import type { resource } from '../../kernel/state.ts';
import type { AskedMachine } from '../machine.ts';

/** Where memory could lie that is not there yet. */

/** What of /proc/iomem is in a range; null for nothing. */
export function inTheWay({ session }: AskedMachine, start: number, size: number): resource | null {
  const { children } = session.state.iomem_resource;
  return children.find((res) => res.start < start + size && res.end >= start) ?? null;
}

/**
 * The first block-aligned address above all RAM and memory blocks where so many bytes overlap nothing of /proc/iomem; null
 * if the kernel could not map them there.
 */
export function firstPlace(asked: AskedMachine, size: number): number | null {
  const { state, kernel } = asked.session;
  const block = kernel.c.memory_block_size_bytes;
  const up = (end: number): number => Math.ceil(end / block) * block;
  let at = 0;
  for (const id of state.memory_block.keys()) at = Math.max(at, (id + 1) * block);
  for (const { name, end } of state.iomem_resource.children)
    if (name.startsWith('System RAM')) at = Math.max(at, up(end + 1));
  for (let res = inTheWay(asked, at, size); res; res = inTheWay(asked, at, size)) at = up(res.end + 1);
  const { start, end } = kernel.c.mappable_range;
  return at >= start && at + size - 1 <= end ? at : null;
}
