import type { Steps } from '../../steps/step.ts';
import type { Kernel } from '../kernel.ts';
import { change, lock, look, unlock } from '../ops.ts';
import { PFN_DOWN, PFN_PHYS, PFN_UP } from '../pfn.ts';
import {
  IORESOURCE_BUSY,
  IORESOURCE_MEM,
  IORESOURCE_SYSRAM_MERGEABLE,
  IORESOURCE_SYSTEM_RAM,
  type resource,
  type State,
} from '../state.ts';

/**
 * kernel/resource.c. The tree is only touched under resource_lock, so one operation under it is one step.
 * Ranges are inclusive, as in the kernel.
 */

/** Index of the first child that ends at or after `start`. */
function first_child(children: readonly resource[], start: number): number {
  let low = 0;
  let high = children.length;
  while (low < high) {
    const mid = (low + high) >>> 1;
    if (children[mid]!.end < start) low = mid + 1;
    else high = mid;
  }
  return low;
}

/** Null when inserted; else the resource in the way (the root itself when the range does not fit it). */
function __request_resource(root: resource, res: resource): resource | null {
  if (res.end < res.start || res.start < root.start || res.end > root.end) return root;
  const at = first_child(root.children, res.start);
  const next = root.children[at];
  if (next && next.start <= res.end) return next;
  root.children.splice(at, 0, res);
  return null;
}

/** False when a busy resource is in the way (the caller turns that into -EEXIST). */
export function request_region(
  state: State,
  start: number,
  size: number,
  name: string,
  flags: number,
): boolean {
  let parent = state.iomem_resource;
  for (;;) {
    const res: resource = {
      name,
      start,
      end: start + size - 1,
      flags: (parent.flags & IORESOURCE_SYSTEM_RAM) | IORESOURCE_BUSY | flags,
      children: [],
    };
    const conflict = __request_resource(parent, res);
    if (!conflict) return true;
    if (conflict === parent || conflict.flags & IORESOURCE_BUSY) return false;
    parent = conflict;
  }
}

/** release_resource of the exact range; children move up to where it was. */
export function release_resource(state: State, start: number, size: number): void {
  const visit = (parent: resource): boolean => {
    const at = first_child(parent.children, start);
    const res = parent.children[at];
    if (!res) return false;
    if (res.start === start && res.end === start + size - 1) {
      parent.children.splice(at, 1, ...res.children);
      return true;
    }
    return visit(res);
  };
  visit(state.iomem_resource);
}

/** __adjust_resource: false when it would leave out a child. */
function adjust_resource(res: resource, start: number, end: number): boolean {
  const first = res.children[0];
  const last = res.children.at(-1);
  if ((first && first.start < start) || (last && last.end > end)) return false;
  res.start = start;
  res.end = end;
  return true;
}

/** What release_mem_region_adjustable does under the lock; false where it would WARN. */
export function release_mem_region(state: State, start: number, size: number): boolean {
  const end = start + size - 1;
  let parent = state.iomem_resource;
  for (let i = first_child(parent.children, start); ; ) {
    const res = parent.children[i];
    if (!res || res.start >= end) return true;
    if (res.start > start || res.end < end) {
      i++;
      continue;
    }
    if (!(res.flags & IORESOURCE_MEM)) return true;
    if (!(res.flags & IORESOURCE_BUSY)) {
      parent = res;
      i = first_child(parent.children, start);
      continue;
    }
    if (res.start === start && res.end === end) {
      parent.children.splice(i, 1);
      return true;
    }
    if (res.start === start) return adjust_resource(res, end + 1, res.end);
    if (res.end === end) return adjust_resource(res, res.start, start - 1);
    const tail: resource = { ...res, start: end + 1, children: [] };
    if (!adjust_resource(res, res.start, start - 1)) return false;
    parent.children.splice(i + 1, 0, tail);
    return true;
  }
}

const mergeable = (a: resource, b: resource): boolean =>
  a.flags === b.flags &&
  a.end + 1 === b.start &&
  a.name === b.name &&
  a.children.length === 0 &&
  b.children.length === 0;

export function merge_system_ram(state: State, start: number): void {
  const siblings = state.iomem_resource.children;
  let i = siblings.findIndex((r) => r.start === start);
  const res = siblings[i];
  if (!res) return;
  res.flags |= IORESOURCE_SYSRAM_MERGEABLE;
  const next = siblings[i + 1];
  if (next && mergeable(res, next)) {
    res.end = next.end;
    siblings.splice(i + 1, 1);
  }
  const prev = siblings[--i];
  if (prev && mergeable(prev, res)) {
    prev.end = res.end;
    siblings.splice(i + 1, 1);
  }
}

/** Busy System RAM in [start, end], clipped, ascending: what walk_system_ram_range visits. */
function system_ram_in(state: State, start: number, end: number): { start: number; end: number }[] {
  const found: { start: number; end: number }[] = [];
  const flags = IORESOURCE_SYSTEM_RAM | IORESOURCE_BUSY;
  const visit = (parent: resource): void => {
    for (let i = first_child(parent.children, start); i < parent.children.length; i++) {
      const res = parent.children[i]!;
      if (res.start > end) return;
      if ((res.flags & flags) === flags) {
        found.push({ start: Math.max(start, res.start), end: Math.min(end, res.end) });
      } else {
        visit(res);
      }
    }
  };
  visit(state.iomem_resource);
  return found;
}

export const v5_2 = {
  /** False on a conflict with a busy resource. */
  *__request_region(this: Kernel, start: number, size: number, name: string, flags: number): Steps<boolean> {
    yield* lock('resource_lock', 'spinlock');
    const ok = yield* change('iomem_resource', request_region, start, size, name, flags);
    yield* unlock('resource_lock', 'spinlock');
    return ok;
  },

  *release_resource(this: Kernel, start: number, size: number): Steps<void> {
    yield* lock('resource_lock', 'spinlock');
    yield* change('iomem_resource', release_resource, start, size);
    yield* unlock('resource_lock', 'spinlock');
  },

  *release_mem_region_adjustable(this: Kernel, start: number, size: number): Steps<void> {
    yield* lock('resource_lock', 'spinlock');
    const ok = yield* change('iomem_resource', release_mem_region, start, size);
    yield* unlock('resource_lock', 'spinlock');
    if (!ok) yield* this.WARN('release_mem_region_adjustable');
  },

  /** The chunks of busy System RAM in the pfn range, whole pages only. */
  *walk_system_ram_range(
    this: Kernel,
    start_pfn: number,
    nr_pages: number,
  ): Steps<{ start_pfn: number; nr_pages: number }[]> {
    yield* lock('resource_lock', 'spinlock', 'read');
    const ranges = yield* look(
      'iomem_resource',
      system_ram_in,
      PFN_PHYS(this.c, start_pfn),
      PFN_PHYS(this.c, start_pfn + nr_pages) - 1,
    );
    yield* unlock('resource_lock', 'spinlock', 'read');
    return ranges
      .map(({ start, end }) => ({ pfn: PFN_UP(this.c, start), end_pfn: PFN_DOWN(this.c, end + 1) }))
      .filter(({ pfn, end_pfn }) => end_pfn > pfn)
      .map(({ pfn, end_pfn }) => ({ start_pfn: pfn, nr_pages: end_pfn - pfn }));
  },
};

export const v5_10 = {
  /** MHP_MERGE_RESOURCE (v5.10): merge with equal neighbours. */
  *merge_system_ram_resource(this: Kernel, start: number): Steps<void> {
    yield* lock('resource_lock', 'spinlock');
    yield* change('iomem_resource', merge_system_ram, start);
    yield* unlock('resource_lock', 'spinlock');
  },
};
