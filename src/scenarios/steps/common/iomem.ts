import { BadOperation } from '../../../errors/bad-operation.ts';
import { IORESOURCE_MEM, type State } from '../../../kernel/state.ts';
import { hex } from './values.ts';

/** Entries of /proc/iomem that the firmware makes. */

/** @throws BadOperation if the firmware already says that RAM is there */
export function mustBeNoRam({ iomem_resource }: State, start: number, size: number): void {
  const ram = iomem_resource.children.find(
    (res) => res.name === 'System RAM' && res.start < start + size && start <= res.end,
  );
  if (ram) throw new BadOperation(`${hex(start)}+${hex(size)} is System RAM in /proc/iomem`);
}

/** @throws BadOperation if another resource is there */
export function insertResource(state: State, start: number, size: number, name: string): void {
  const { children } = state.iomem_resource;
  const end = start + size - 1;
  if (children.some((res) => res.start <= end && start <= res.end)) {
    throw new BadOperation(`${hex(start)}+${hex(size)} is taken in /proc/iomem`);
  }
  const at = children.findIndex((res) => res.start > end);
  children.splice(at < 0 ? children.length : at, 0, {
    name,
    start,
    end,
    flags: IORESOURCE_MEM,
    children: [],
  });
}
