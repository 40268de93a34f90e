import { entrySize } from '../../geometry/translation.ts';
import type { Descriptor } from '../descriptor/descriptor.ts';
import { groupOf } from '../descriptor/format.ts';
import type { Layer } from '../memory/layers.ts';
import { installEntries, writeEntries } from '../memory/write.ts';
import type { Mmu, Todo } from '../mmu.ts';
import { catchUp, dsb, isb } from './barriers.ts';
import { DONE, type Held, NOBODY } from './held.ts';
import { changeHeld } from './stale.ts';
import { type TlbiOp, tlbi } from './tlbi.ts';

/**
 * Sequences of barriers and invalidations in which no other step can intervene, performed at once. The result is the
 * same as for the single instructions; the states in between are not built.
 */

/** A write of entries that become valid, DSB ISHST, ISB. */
export function install(m: Mmu, pa: number, n: number, d: Descriptor, stride: number): void {
  const { unsettled, fresh, in_flight } = m.pending[m.cpu]!;
  const old = m.words.runAt(pa, n);
  const empty = old.n === n && old.attr === 0 && old.addr === 0;
  if (empty && unsettled.length + fresh.length + in_flight.length === 0) {
    installEntries(m, pa, n, d, stride);
    catchUp(m);
    return;
  }
  writeEntries(m, pa, n, d, stride);
  synchronize(m);
}

/** DSB ISHST; ISB: the sequence that follows an entry becoming valid. */
export function synchronize(m: Mmu): void {
  const mine = m.pending[m.cpu]!;
  if (mine.unsettled.length > 0 || mine.in_flight.length > 0) {
    dsb(m, 'ishst');
    isb(m);
    return;
  }
  forgetFresh(m);
  catchUp(m);
}

/** DSB ISHST; a broadcast TLBI; DSB ISH; ISB. */
export function flush(m: Mmu, op: TlbiOp): void {
  const plan = planned(m, op);
  if (plan === undefined) {
    dsb(m, 'ishst');
    tlbi(m, op);
    dsb(m, 'ish');
    isb(m);
    return;
  }
  const [va, end] = rangeOf(m, op);
  const done = [{ cpu: DONE, broadcast: true, va, end }];
  const mine = m.pending[m.cpu]!;
  mine.unsettled = [];
  for (const { todo, layer } of plan.left)
    if (layer.items.some((h) => h.settled < 2))
      changeHeld(m, todo, (h) => (h.settled < 2 ? { ...h, settled: 2, writer: -1 } : h));
  // leaves first: entries left by a dropped walk-cache entry must not be mistaken for leaves
  const tables = plan.covered.filter(({ layer }) => layer.items.some((h) => h.table));
  for (const { todo } of plan.covered) changeHeld(m, todo, (h) => (h.table ? h : undefined));
  for (const { todo } of tables) changeHeld(m, todo, (h) => (h.table ? undefined : h), done);
  forgetFresh(m);
  catchUp(m);
}

/**
 * The writes of the executing CPU are visible to all and it has fetched again, so no record of them as new is needed.
 */
function forgetFresh(m: Mmu): void {
  const mine = m.pending[m.cpu]!;
  for (const { first, n } of mine.fresh) {
    m.fresh.update(first, n, (layer) => layer.items.filter((f) => f.writer !== m.cpu));
  }
  mine.fresh = [];
}

interface Part {
  readonly todo: Todo;
  readonly layer: Layer<Held>;
}

/** With more records than this, which is rare, the instructions are performed one by one. */
const FEW = 64;

/**
 * Which records the invalidation ends and which it leaves, if that is easy to decide: all are written by this CPU or
 * visible, carry no marks and belong to no contiguous group. Undefined otherwise.
 */
function planned(m: Mmu, op: TlbiOp): { covered: Part[]; left: Part[] } | undefined {
  const mine = m.pending[m.cpu]!;
  if (
    op.pages === 0 ||
    m.defect !== undefined ||
    !op.broadcast ||
    mine.marked.length > 0 ||
    mine.in_flight.length > 0
  )
    return undefined;
  const [va, end] = rangeOf(m, op);
  const covered: Part[] = [];
  const left: Part[] = [];
  for (let depth = 0; depth < m.t.levels; depth++) {
    const stale = m.stale[depth]!;
    if (stale.count === 0) continue;
    if (stale.count > FEW) return undefined;
    const unit = entrySize(m.t, depth);
    const from = Math.floor(va / unit);
    const to = Math.ceil(end / unit);
    for (const layer of stale.all()) {
      if (!layer.items.every((h) => isPlain(m, depth, h))) return undefined;
      const part = { todo: { depth, first: layer.first, n: layer.n }, layer };
      const inside = layer.first >= from && layer.first + layer.n <= to;
      const outside = layer.first >= to || layer.first + layer.n <= from;
      const kept = layer.items.filter((h) => op.last_level && h.table).length;
      if (outside || kept === layer.items.length) left.push(part);
      else if (inside && kept === 0) covered.push(part);
      else return undefined;
    }
  }
  return { covered, left };
}

const isPlain = (m: Mmu, depth: number, h: Held): boolean =>
  (h.table || groupOf(m.t, depth, h.attr) === 1) &&
  h.marks.length === 0 &&
  h.except.length === 0 &&
  h.flight.length === 0 &&
  h.late === NOBODY &&
  (h.settled === 2 || h.writer === m.cpu);

function rangeOf(m: Mmu, op: TlbiOp): [va: number, end: number] {
  if (op.by === 'all') return [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  const page = 2 ** m.t.page_shift;
  const va = Math.floor(op.va! / page) * page;
  return [va, va + (op.pages ?? 1) * page];
}
