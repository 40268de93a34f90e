import type { Steps } from '../../steps/step.ts';
import type { Kernel } from '../kernel.ts';
import { change, lock, look, operation, pr_warn, unlock } from '../ops.ts';
import { hex, hexpad, PFN_DOWN, PFN_PHYS, PFN_UP, pa } from '../pfn.ts';
import {
  IORESOURCE_BUSY,
  IORESOURCE_MEM,
  IORESOURCE_SYSRAM_MERGEABLE,
  IORESOURCE_SYSTEM_RAM,
  type resource,
  type State,
} from '../state.ts';

/**
 * kernel/resource.c. All accesses to the tree hold resource_lock, so one operation under the lock is one step. Ranges
 * are inclusive, as in the kernel.
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

/** Null if inserted; else the conflicting resource (the root itself if the range does not fit it). */
function __request_resource(root: resource, res: resource): resource | null {
  if (res.end < res.start || res.start < root.start || res.end > root.end) return root;
  const at = first_child(root.children, res.start);
  const next = root.children[at];
  if (next && next.start <= res.end) return next;
  root.children.splice(at, 0, res);
  return null;
}

/** False if it conflicts with a busy resource (the caller returns -EEXIST). */
/** "[mem 0x100000000-0x107ffffff]" */
const mem = (start: number, size: number): string => `[mem ${hex(start)}-${hex(start + size - 1)}]`;

export const request_region = operation({
  name: 'request_region',
  obj: 'iomem_resource',
  writes: true,
  run(state: State, start: number, size: number, name: string, flags: number): boolean {
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
  },
  tell: ([start, size, name]) => ({
    kind: 'does',
    what: `__request_resource(${mem(start, size)} "${name}")`,
  }),
});

/** release_resource of the exact range; its children take its place. */
export const release_resource = operation({
  name: 'release_resource',
  obj: 'iomem_resource',
  writes: true,
  run(state: State, start: number, size: number): void {
    const visit = (parent: resource): boolean => {
      const at = first_child(parent.children, start);
      const res = parent.children[at];
      if (!res) return false;
      // of several with this range the innermost, which was made last
      if (visit(res)) return true;
      if (res.start !== start || res.end !== start + size - 1) return false;
      parent.children.splice(at, 1, ...res.children);
      return true;
    };
    visit(state.iomem_resource);
  },
  tell: ([start, size]) => ({ kind: 'does', what: `__release_resource(${mem(start, size)})` }),
});

/** __release_region: the busy entry with exactly this range, possibly below entries that are not busy. */
export const release_region = operation({
  name: 'release_region',
  obj: 'iomem_resource',
  writes: true,
  run(state: State, start: number, size: number): boolean {
    const end = start + size - 1;
    let parent = state.iomem_resource;
    for (;;) {
      const at = first_child(parent.children, start);
      const res = parent.children[at];
      if (!res || res.start > start || res.end < end) return false;
      if (!(res.flags & IORESOURCE_BUSY)) {
        parent = res;
        continue;
      }
      if (res.start !== start || res.end !== end) return false;
      parent.children.splice(at, 1);
      return true;
    }
  },
  tell: ([start, size]) => ({ kind: 'does', what: `__release_region(${mem(start, size)})` }),
});

/** __adjust_resource: false if it would leave out a child. */
function adjust_resource(res: resource, start: number, end: number): boolean {
  const first = res.children[0];
  const last = res.children.at(-1);
  if ((first && first.start < start) || (last && last.end > end)) return false;
  res.start = start;
  res.end = end;
  return true;
}

/** Released; no entry contains the whole range; or the entry cannot be split because a child is in the way. */
type Released = 'released' | 'none' | 'busy';

const cut = (ok: boolean): Released => (ok ? 'released' : 'busy');

/** The part of release_mem_region_adjustable that runs under the lock. */
export const release_mem_region = operation({
  name: 'release_mem_region',
  obj: 'iomem_resource',
  writes: true,
  run(state: State, start: number, size: number): Released {
    const end = start + size - 1;
    let parent = state.iomem_resource;
    for (let i = first_child(parent.children, start); ; ) {
      const res = parent.children[i];
      if (!res || res.start >= end) return 'none';
      if (res.start > start || res.end < end) {
        i++;
        continue;
      }
      if (!(res.flags & IORESOURCE_MEM)) return 'none';
      if (!(res.flags & IORESOURCE_BUSY)) {
        parent = res;
        i = first_child(parent.children, start);
        continue;
      }
      if (res.start === start && res.end === end) {
        parent.children.splice(i, 1);
        return 'released';
      }
      if (res.start === start) return cut(adjust_resource(res, end + 1, res.end));
      if (res.end === end) return cut(adjust_resource(res, res.start, start - 1));
      const tail: resource = { ...res, start: end + 1, children: [] };
      if (!adjust_resource(res, res.start, start - 1)) return 'busy';
      parent.children.splice(i + 1, 0, tail);
      return 'released';
    }
  },
  tell: ([start, size]) => ({ kind: 'does', what: `free_resource(${mem(start, size)})` }),
});

const mergeable = (a: resource, b: resource): boolean =>
  a.flags === b.flags &&
  a.end + 1 === b.start &&
  a.name === b.name &&
  a.children.length === 0 &&
  b.children.length === 0;

/** The entry just added at `start` may lie inside others that are not busy (the device memory of virtio-mem). */
export const merge_system_ram = operation({
  name: 'merge_system_ram',
  obj: 'iomem_resource',
  writes: true,
  run(state: State, start: number): void {
    let siblings = state.iomem_resource.children;
    let i = first_child(siblings, start);
    while (siblings[i] && !(siblings[i]!.flags & IORESOURCE_BUSY)) {
      siblings = siblings[i]!.children;
      i = first_child(siblings, start);
    }
    const res = siblings[i];
    if (res?.start !== start) return;
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
  },
  tell: () => ({ kind: 'does', what: '__merge_child_mem_resources()' }),
});

/** Busy System RAM in [start, end], clipped, ascending: the ranges that walk_system_ram_range visits. */
const system_ram_in = operation({
  name: 'system_ram_in',
  obj: 'iomem_resource',
  writes: false,
  run(state: State, start: number, end: number): { start: number; end: number }[] {
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
  },
  tell: ([start, end]) => ({ kind: 'reads', what: `find_next_iomem_res(${hex(start)}-${hex(end)})` }),
});

type Intersection = 'disjoint' | 'intersects' | 'mixed';

/** A top-level entry counts as it is; if it is not System RAM, its descendants count within their ranges. */
const ram_intersection = operation({
  name: 'ram_intersection',
  obj: 'iomem_resource',
  writes: false,
  run(state: State, start: number, end: number): Intersection {
    let ram = 0;
    let other = 0;
    for (const res of state.iomem_resource.children) {
      if (res.start > end || res.end < start) continue;
      if ((res.flags & IORESOURCE_SYSTEM_RAM) === IORESOURCE_SYSTEM_RAM) {
        ram++;
        continue;
      }
      const [from, to] = [Math.max(start, res.start), Math.min(end, res.end)];
      let at = from;
      for (const below of ram_below(res)) {
        if (below.start > to || below.end < from) continue;
        ram++;
        if (below.start > at) break;
        at = below.end + 1;
      }
      if (at <= to) other++;
    }
    return ram === 0 ? 'disjoint' : other === 0 ? 'intersects' : 'mixed';
  },
});

function* ram_below(parent: resource): Generator<resource> {
  for (const res of parent.children) {
    if ((res.flags & IORESOURCE_SYSTEM_RAM) === IORESOURCE_SYSTEM_RAM) yield res;
    else yield* ram_below(res);
  }
}

const set_flags = operation({
  name: 'set_flags',
  obj: 'iomem_resource',
  writes: true,
  tell: ([start, size, flags]) => ({
    kind: 'writes',
    what: `${mem(start, size)}->flags`,
    value: flags,
    of: 'resource.flags',
  }),
  run: (state: State, start: number, size: number, flags: number): void => {
    // of several with this range the innermost, which was made last
    const visit = (parent: resource): boolean =>
      parent.children.some((res) => {
        if (res.start > start || res.end < start) return false;
        if (visit(res)) return true;
        if (res.start !== start || res.end !== start + size - 1) return false;
        res.flags = flags;
        return true;
      });
    visit(state.iomem_resource);
  },
});

function* release(start: number, size: number): Steps<Released> {
  yield* lock('resource_lock', 'spinlock');
  const released = yield* change(release_mem_region, start, size);
  yield* unlock('resource_lock', 'spinlock');
  return released;
}

/** The name of the root of /proc/iomem. */
export const IOMEM_RESOURCE = 'PCI mem';

/** The resource of this name; the tree itself for its root. */
const named = (res: resource, name: string): resource | undefined =>
  res.name === name
    ? res
    : res.children.map((child) => named(child, name)).find((found) => found !== undefined);

/** Puts a resource into the tree: below all in its parent that contain it, above all that it contains. */
const insert = operation({
  name: 'insert_resource',
  obj: 'iomem_resource',
  writes: true,
  run(state: State, root: string, added: resource): boolean {
    let parent = named(state.iomem_resource, root);
    if (!parent) return false;
    for (let next: resource | undefined = parent; next; ) {
      parent = next;
      next = parent.children.find(
        (res) =>
          res.start <= added.start &&
          res.end >= added.end &&
          (res.start !== added.start || res.end !== added.end),
      );
    }
    const { children } = parent;
    const inside = children.filter((res) => res.start <= added.end && added.start <= res.end);
    if (inside.some((res) => res.start < added.start || res.end > added.end)) return false;
    const at = children.findIndex((res) => res.end >= added.start);
    const place = at < 0 ? children.length : at;
    children.splice(place, inside.length, { ...added, children: inside });
    return true;
  },
});

export const v5_2 = {
  /** `root`: the name of a resource that contains the new one. -EBUSY if the new one overlaps another in part. */
  *insert_resource(this: Kernel, root: string, new_resource: resource): Steps<number> {
    yield* lock('resource_lock', 'spinlock');
    const ok = yield* change(insert, root, new_resource);
    yield* unlock('resource_lock', 'spinlock');
    return ok ? 0 : -this.errno.EBUSY;
  },

  /** False if it conflicts with a busy resource. */
  *__request_region(this: Kernel, start: number, size: number, name: string, flags: number): Steps<boolean> {
    yield* lock('resource_lock', 'spinlock');
    const ok = yield* change(request_region, start, size, name, flags);
    yield* unlock('resource_lock', 'spinlock');
    return ok;
  },

  /** printk(KERN_WARNING): the range without 0x. */
  $no_such_resource(this: Kernel, start: number, last: number): string {
    return `Trying to free nonexistent resource <${hexpad(start, 16)}-${hexpad(last, 16)}>`;
  },

  /** release_mem_region: releases a region that __request_region made. */
  *__release_region(this: Kernel, start: number, size: number): Steps<void> {
    yield* lock('resource_lock', 'spinlock');
    const released = yield* change(release_region, start, size);
    yield* unlock('resource_lock', 'spinlock');
    if (released) return;
    yield* pr_warn(this.$no_such_resource(start, start + size - 1));
  },

  *release_resource(this: Kernel, start: number, size: number): Steps<void> {
    yield* lock('resource_lock', 'spinlock');
    yield* change(release_resource, start, size);
    yield* unlock('resource_lock', 'spinlock');
  },

  /** region_intersects() with IORESOURCE_SYSTEM_RAM. */
  *$region_intersects_ram(this: Kernel, start: number, size: number): Steps<Intersection> {
    yield* lock('resource_lock', 'spinlock', 'read');
    const found = yield* look(ram_intersection, start, start + size - 1);
    yield* unlock('resource_lock', 'spinlock', 'read');
    return found;
  },

  /** A driver changes the flags of its own resource; takes no lock. */
  *$set_resource_flags(this: Kernel, start: number, size: number, flags: number): Steps<void> {
    yield* change(set_flags, start, size, flags);
  },

  /** Includes __release_memory_resource around it, which reports a resource that cannot be released. */
  *release_mem_region_adjustable(this: Kernel, start: number, size: number): Steps<void> {
    const released = yield* release(start, size);
    if (released === 'released') return;
    const error = released === 'busy' ? this.errno.EBUSY : this.errno.EINVAL;
    yield* pr_warn(`Unable to release resource <${pa(start)}-${pa(start + size - 1)}> (-${error})`);
  },

  /** The chunks of busy System RAM in the pfn range, whole pages only. */
  *walk_system_ram_range(
    this: Kernel,
    start_pfn: number,
    nr_pages: number,
  ): Steps<{ start_pfn: number; nr_pages: number }[]> {
    yield* lock('resource_lock', 'spinlock', 'read');
    const ranges = yield* look(
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
  /** It can no longer fail: a range that no entry contains is silently ignored. */
  *release_mem_region_adjustable(this: Kernel, start: number, size: number): Steps<void> {
    if ((yield* release(start, size)) === 'busy') yield* this.WARN_ON_ONCE('release_mem_region_adjustable');
  },

  /** MHP_MERGE_RESOURCE (v5.10): merge with equal neighbours. */
  *merge_system_ram_resource(this: Kernel, start: number): Steps<void> {
    yield* lock('resource_lock', 'spinlock');
    yield* change(merge_system_ram, start);
    yield* unlock('resource_lock', 'spinlock');
  },
};

export const v6_1 = {
  /** pr_warn(), with the file's pr_fmt(). */
  $no_such_resource(this: Kernel, start: number, last: number): string {
    return `resource: Trying to free nonexistent resource <${pa(start)}-${pa(last)}>`;
  },
};
