import { entrySize, type LevelName } from '../../geometry/translation.ts';
import { target } from '../descriptor/format.ts';
import type { Mmu } from '../mmu.ts';
import { caches, type Held, inFlight } from './held.ts';

/** A path by which a CPU may reach physical memory. */
export interface Reach {
  /** Whether it is reached as the output of a leaf, or as a table that a walker reads. */
  readonly as: 'leaf' | 'table';
  /** The level of the leaf descriptor, or of the entries in the table. */
  readonly level: LevelName;
  /** The virtual address that leads to `pa`; for a table the first address that it translates. */
  readonly va: number;
  readonly pa: number;
  /** The number of bytes of physical memory reached contiguously. */
  readonly size: number;
  /** Whether a descriptor in memory says so, in a table that walkers pass, even if only through a walk cache. */
  readonly in_memory: boolean;
  /** CPUs that may hold it although memory does not, or no longer, say so. */
  readonly held_by: readonly number[];
  /** CPUs that no longer hold it, but whose instructions in flight may use it. */
  readonly in_flight: readonly number[];
}

/** A translation that memory no longer has. */
export interface HeldTranslation {
  readonly as: 'leaf' | 'table';
  /** Level of the descriptor it was read from. */
  readonly level: LevelName;
  readonly va: number;
  /** In bytes of virtual addresses. */
  readonly size: number;
  /** The output address of `va`, or the table in which the walk continues. */
  readonly pa: number;
  readonly attr: number;
  readonly held_by: readonly number[];
  readonly in_flight: readonly number[];
  /** Whether walkers can no longer find it in memory; until then a TLBI has no lasting effect. */
  readonly settled: boolean;
}

const holders = (m: Mmu, h: Held): readonly number[] =>
  h.except.length === 0 ? m.everyone : m.everyone.filter((cpu) => caches(h, cpu));
const flying = (m: Mmu, h: Held): readonly number[] => m.everyone.filter((cpu) => inFlight(h, cpu));

/** The translations of [va, va + size) that some CPU may hold and that memory does not have, by depth and address. */
export function held(m: Mmu, va: number, size: number): HeldTranslation[] {
  const found: HeldTranslation[] = [];
  for (let depth = 0; depth < m.t.levels; depth++) {
    if (m.stale[depth]!.count === 0) continue;
    const unit = entrySize(m.t, depth);
    const first = Math.floor(va / unit);
    for (const layer of m.stale[depth]!.over(first, Math.ceil((va + size) / unit) - first)) {
      for (const h of layer.items) {
        found.push({
          as: h.table ? 'table' : 'leaf',
          level: m.t.name[depth]!,
          va: layer.first * unit,
          size: layer.n * unit,
          pa: target(m.t, h),
          attr: h.attr,
          held_by: holders(m, h),
          in_flight: flying(m, h),
          settled: h.settled === 2,
        });
      }
    }
  }
  return found;
}

/**
 * Every path by which any CPU may reach [pa, pa + size), as the output of leaves or as a table page; ascending by page,
 * then by virtual address. Code that frees these pages asks this first. The result names whole pages.
 */
export function reaches(m: Mmu, pa: number, size: number): Reach[] {
  const page = 2 ** m.t.page_shift;
  const first = Math.floor(pa / page);
  const found: Reach[] = [];
  for (const layer of m.places.over(first, Math.ceil((pa + size) / page) - first)) {
    for (const place of layer.items) {
      const depth = place.table ? place.depth - 1 : place.depth;
      const step = place.table ? m.t.entries[place.depth]! * entrySize(m.t, place.depth) : page;
      const tell = (from: number, upto: number, hs: readonly Held[]): void => {
        if (upto <= from) return;
        found.push({
          as: place.table ? 'table' : 'leaf',
          level: m.t.name[place.depth]!,
          va: place.va + from * step,
          pa: (layer.first + from) * page,
          size: (upto - from) * page,
          in_memory: place.refs > hs.length,
          held_by: m.everyone.filter((cpu) => hs.some((h) => caches(h, cpu))),
          in_flight: m.everyone.filter((cpu) => hs.some((h) => flying(m, h).includes(cpu))),
        });
      };
      if (depth < 0 || m.stale[depth]!.count === 0) {
        tell(0, layer.n, []);
        continue;
      }
      const unit = entrySize(m.t, depth);
      const start = Math.floor(place.va / unit);
      let at = 0;
      for (const over of m.stale[depth]!.over(start, Math.ceil((place.va + layer.n * step) / unit) - start)) {
        const out = (h: Held): number =>
          target(m.t, h) + (place.va - over.first * unit) * (place.table ? page / unit : 1);
        const hs = over.items.filter(
          (h) => !h.gone && h.table === place.table && out(h) === layer.first * page,
        );
        if (hs.length === 0) continue;
        const from = Math.max(0, (over.first * unit - place.va) / step);
        const upto = Math.min(layer.n, ((over.first + over.n) * unit - place.va) / step);
        tell(at, from, []);
        tell(from, upto, hs);
        at = upto;
      }
      tell(at, layer.n, []);
    }
  }
  return [...found, ...goneTables(m, first, Math.ceil((pa + size) / page))].sort(
    (a, b) => a.pa - b.pa || a.va - b.va,
  );
}

/** Tables in pages [first, end) that only instructions in flight have passed. */
function goneTables(m: Mmu, first: number, end: number): Reach[] {
  const page = 2 ** m.t.page_shift;
  const found: Reach[] = [];
  for (const [depth, stale] of m.stale.entries()) {
    if (stale.count === 0) continue;
    for (const layer of stale.all()) {
      for (const h of layer.items) {
        if (!h.gone) continue;
        const start = target(m.t, h) / page;
        const from = Math.max(first, start);
        const upto = Math.min(end, start + layer.n);
        if (upto <= from) continue;
        found.push({
          as: 'table',
          level: m.t.name[depth + 1]!,
          va: (layer.first + from - start) * entrySize(m.t, depth),
          pa: from * page,
          size: (upto - from) * page,
          in_memory: false,
          held_by: [],
          in_flight: flying(m, h),
        });
      }
    }
  }
  return found;
}
