import { entrySize, type Translation } from '../../geometry/translation.ts';
import { type Descriptor, VALID } from '../descriptor/descriptor.ts';
import { cacheable, groupOf, meaning, target } from '../descriptor/format.ts';
import type { Mmu } from '../mmu.ts';
import type { Place } from './place.ts';

/** Consecutive entries at one place of the address space, with the descriptors in them as a run. */
export interface Entries {
  readonly depth: number;
  /** Virtual address that the first of them translates. */
  readonly va: number;
  readonly n: number;
  readonly addr: number;
  readonly stride: number;
  readonly attr: number;
}

export const descriptorAt = (e: Entries, i: number): Descriptor => ({
  addr: e.addr + i * e.stride,
  attr: e.attr,
});

/** Entries [from, from + n) of a run. */
export function slice(t: Translation, e: Entries, from: number, n: number): Entries {
  if (from === 0 && n === e.n) return e;
  const va = e.va + from * entrySize(t, e.depth);
  return { ...e, va, n, addr: e.addr + from * e.stride };
}

/** A run of pages [first, first + n) that serve as `place`, the first one at `va`; each descriptor counts `refs`. */
export interface Serving {
  readonly first: number;
  readonly n: number;
  readonly place: Place;
}

/** The pages that entries turn into tables or outputs. Invalid entries, and leaves that fault, give none. */
export function servings(t: Translation, e: Entries): Serving[] {
  if ((e.attr & VALID) === 0) return [];
  const kind = meaning(t, e.depth, e.attr);
  if (kind === 'none' || (kind === 'leaf' && !cacheable(t, e.attr))) return [];
  const page = 2 ** t.page_shift;
  const size = entrySize(t, e.depth);
  const natural = kind === 'table' ? page : size;
  if (e.n > 1 && e.stride !== natural) {
    return Array.from({ length: e.n }, (_, i) => servings(t, slice(t, e, i, 1))).flat();
  }
  const pa = target(t, descriptorAt(e, 0));
  if (kind === 'table') {
    return [{ first: pa / page, n: e.n, place: { va: e.va, depth: e.depth + 1, table: true, refs: 1 } }];
  }
  const group = groupOf(t, e.depth, e.attr);
  return grouped(e.va / size, e.n, group).map(({ entry, n, members }) => ({
    first: Math.floor((pa + (entry * size - e.va)) / page),
    n: (n * size) / page,
    place: { va: entry * size, depth: e.depth, table: false, refs: members },
  }));
}

/**
 * Entries [first, first + n) split by contiguous groups: whole groups together, each with the number of its members
 * that are meant.
 */
export function grouped(
  first: number,
  n: number,
  group: number,
): { entry: number; n: number; members: number }[] {
  if (group === 1) return [{ entry: first, n, members: 1 }];
  const found: { entry: number; n: number; members: number }[] = [];
  const end = first + n;
  let at = first;
  while (at < end) {
    const start = Math.floor(at / group) * group;
    const whole = start === at ? Math.floor((end - at) / group) : 0;
    if (whole > 0) {
      found.push({ entry: at, n: whole * group, members: group });
      at += whole * group;
    } else {
      const stop = Math.min(end, start + group);
      found.push({ entry: start, n: group, members: stop - at });
      at = stop;
    }
  }
  return found;
}

/** Counts pages as serving once more. The entries of a page that becomes a table count from then on. */
export function serve(m: Mmu, e: Entries): void {
  for (const { first, n, place } of servings(m.t, e)) {
    const born: { first: number; n: number; va: number }[] = [];
    count(m, first, n, place, (layer, va) => born.push({ first: layer.first, n: layer.n, va }));
    if (place.table) for (const b of born) for (const child of contents(m, b, place.depth)) serve(m, child);
  }
}

/** Undoes {@link serve}. `orphan` receives the entries of tables to which nothing leads any more. */
export function unserve(m: Mmu, e: Entries, orphan: (child: Entries) => void): void {
  for (const { first, n, place } of servings(m.t, e)) {
    const gone: { first: number; n: number; va: number }[] = [];
    count(m, first, n, { ...place, refs: -place.refs }, (layer, va) =>
      gone.push({ first: layer.first, n: layer.n, va }),
    );
    if (place.table) for (const g of gone) for (const child of contents(m, g, place.depth)) orphan(child);
  }
}

/** Adds to the count of a place; `turned` receives the pages where a place began or ceased. */
export function count(
  m: Mmu,
  first: number,
  n: number,
  add: Place,
  turned: (layer: { first: number; n: number }, va: number) => void,
): void {
  const step = add.table ? m.t.entries[add.depth]! * entrySize(m.t, add.depth) : 2 ** m.t.page_shift;
  m.places.update(first, n, (layer) => {
    const va = add.va + (layer.first - first) * step;
    const is = (p: Place): boolean => p.va === va && p.depth === add.depth && p.table === add.table;
    const known = layer.items.find(is);
    const refs = (known?.refs ?? 0) + add.refs;
    if (known === undefined || refs === 0) turned(layer, va);
    const others = layer.items.filter((p) => p !== known);
    return refs === 0 ? others : [...others, { ...add, va, refs }].sort(byPlace);
  });
}

const byPlace = (a: Place, b: Place): number =>
  a.va - b.va || a.depth - b.depth || Number(a.table) - Number(b.table);

/** The entries in table pages [first, first + n) of a depth; the first page translates from `va` on. */
export function contents(m: Mmu, at: { first: number; n: number; va: number }, depth: number): Entries[] {
  const page = 2 ** m.t.page_shift;
  const size = entrySize(m.t, depth);
  const pa = at.first * page;
  return m.words.in(pa, (at.n * page) / 8).map((run) => ({
    depth,
    va: at.va + ((run.pa - pa) / 8) * size,
    n: run.n,
    addr: run.addr,
    stride: run.stride,
    attr: run.attr,
  }));
}
