import {
  IORESOURCE_BUSY,
  IORESOURCE_MEM,
  IORESOURCE_SYSRAM_DRIVER_MANAGED,
  IORESOURCE_SYSTEM_RAM,
  type resource,
} from '../../kernel/state.ts';
import type { IomemEntry, Machine } from '../../machines/machine.ts';

/** /proc/iomem does not show the flags of a resource; they follow from its name. */
function flagsOf(name: string): number {
  if (name === 'System RAM') return IORESOURCE_SYSTEM_RAM | IORESOURCE_BUSY;
  if (name.startsWith('System RAM (')) {
    return IORESOURCE_SYSTEM_RAM | IORESOURCE_BUSY | IORESOURCE_SYSRAM_DRIVER_MANAGED;
  }
  // bus windows, firmware tables and virtio_mem_create_resource() leave space for children; other ranges claimed by a driver or
  // the kernel are busy
  if (
    /^(PCI Bus|PCI ECAM|Persistent Memory|Soft Reserved|CXL Window|dax\d|(pmem_)?region\d|namespace|virtio\d)/.test(
      name,
    )
  ) {
    return IORESOURCE_MEM;
  }
  return IORESOURCE_MEM | IORESOURCE_BUSY;
}

/** Rebuilds the tree from its lines. Entries with zeroed addresses cannot be placed and are left out. */
function treeOf(entries: readonly IomemEntry[], root: resource): void {
  const path: resource[] = [root];
  for (const entry of entries) {
    if (entry.start === 0 && entry.end === 0) continue;
    path.length = Math.min(path.length, entry.depth + 1);
    const res: resource = {
      name: entry.name,
      start: entry.start,
      end: entry.end,
      flags: flagsOf(entry.name),
      children: [],
    };
    path.at(-1)!.children.push(res);
    path.push(res);
  }
}

/** Fills the resource tree from /proc/iomem, or from the RAM ranges if the source has nothing else. */
export function bootIomem(machine: Machine, root: resource): void {
  if (machine.iomem?.some((entry) => entry.end > 0)) {
    treeOf(machine.iomem, root);
    return;
  }
  const holes = [...(machine.holes ?? [])].sort((a, b) => a.start - b.start);
  const add = (start: number, stop: number, name: string): void => {
    if (stop > start) root.children.push({ name, start, end: stop - 1, flags: flagsOf(name), children: [] });
  };
  for (const ram of machine.ram ?? []) {
    let at = ram.start;
    const end = ram.start + ram.size;
    for (const hole of holes) {
      if (hole.start >= end || hole.start + hole.size <= at) continue;
      add(at, hole.start, 'System RAM');
      at = hole.start + hole.size;
    }
    add(at, end, 'System RAM');
  }
  const reserved = machine.arch === 'x86_64' ? 'Reserved' : 'reserved';
  for (const { start, size, name } of holes) add(start, start + size, name ?? reserved);
  root.children.sort((a, b) => a.start - b.start);
}
