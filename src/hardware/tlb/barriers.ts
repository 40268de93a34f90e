import type { Mmu, Todo } from '../mmu.ts';
import type { Fresh } from './fresh.ts';
import { DONE, type Held, isDone, type Mark, NOBODY } from './held.ts';
import { changeHeld } from './stale.ts';

/** The kind of a DSB: it waits for (S)tores, loads or both, in the inner shareable domain or on this CPU alone. */
export type DsbKind = 'ishst' | 'ish' | 'nshst' | 'nsh' | 'ld';

/**
 * A data synchronization barrier of the executing CPU (Arm ARM D8, TLB maintenance). With stores in its scope, its earlier
 * descriptor writes are visible to walkers: all CPUs' (`ish`, `ishst`) or its own (`nsh`, `nshst`). With loads and stores in
 * its scope, its earlier TLBIs are complete: `ish` all, `nsh` the local ones. `ld` does neither.
 */
export function dsb(m: Mmu, kind: DsbKind): void {
  if (kind === 'ld') return;
  settle(m, kind === 'ish' || kind === 'ishst' ? 2 : 1);
  changeOthers(m, (f) => (f.waited.includes(m.cpu) ? f : { ...f, waited: joined(f.waited, m.cpu) }));
  if (kind === 'ish' || kind === 'nsh') complete(m, kind === 'ish');
}

/** Makes the executing CPU's descriptor writes visible: level 1 to its own walker, level 2 to all walkers. */
function settle(m: Mmu, level: 1 | 2): void {
  const { cpu } = m;
  const mine = m.pending[cpu]!;
  const raise = <T extends Held | Fresh>(item: T): T =>
    item.writer === cpu && item.settled < level ? { ...item, settled: level } : item;
  for (const todo of mine.unsettled) {
    changeHeld(m, todo, (h) => {
      const now = raise(h);
      return now.settled === 2 && now !== h ? { ...now, writer: -1 } : now;
    });
  }
  if (level === 2) mine.unsettled = [];
  for (const { first, n } of mine.fresh) {
    m.fresh.update(first, n, (layer) =>
      layer.items.map((f) => {
        const now = raise(f);
        return now.settled === 2 && now !== f ? { ...now, waited: [], fetched: [] } : now;
      }),
    );
  }
}

/** A DSB with stores in its scope followed by an ISB, as far as it concerns writes by other CPUs. */
export function catchUp(m: Mmu): void {
  changeOthers(m, (f) => ({ ...f, waited: joined(f.waited, m.cpu), fetched: joined(f.fetched, m.cpu) }));
}

/** Changes the records of descriptors that other CPUs have written and that are not visible to all walkers. */
function changeOthers(m: Mmu, image: (f: Fresh) => Fresh): void {
  for (const [writer, { fresh }] of m.pending.entries()) {
    if (writer === m.cpu) continue;
    for (const { first, n } of fresh) {
      m.fresh.update(first, n, (layer) =>
        layer.items.map((f) => (f.writer === writer && f.settled < 2 ? image(f) : f)),
      );
    }
  }
}

/**
 * Completes the executing CPU's TLBIs: no CPU still holds the translations they cover, and no other CPU has accesses in
 * flight that used them.
 */
function complete(m: Mmu, broadcast: boolean): void {
  const { cpu } = m;
  const mine = m.pending[cpu]!;
  const left: Todo[] = [];
  for (const todo of mine.marked) {
    let waits = false;
    changeHeld(m, todo, (h) => {
      const done = h.marks.filter((k) => k.cpu === cpu && (broadcast || !k.broadcast));
      waits ||= h.marks.some((k) => k.cpu === cpu && k.broadcast && !broadcast);
      if (done.length === 0) return h;
      const marks = h.marks.filter((k) => !done.includes(k));
      if (done.some((k) => k.broadcast)) return invalidated(m, h, done);
      return { ...h, marks, except: joined(h.except, cpu), flight: joined(h.flight, cpu) };
    });
    mine.in_flight.push(todo);
    if (waits) left.push(todo);
  }
  mine.marked = left;
}

/** What remains of a translation when a broadcast TLBI is complete: only the issuer's own instructions in flight. */
function invalidated(m: Mmu, h: Held, done: readonly Mark[]): Held {
  const early = m.defect === 'early-tlbi' && h.late === NOBODY && m.cpus > 1;
  const late = early ? m.cpu : NOBODY;
  const marks = h.table ? [...h.marks.filter(isDone), ...done.map((k) => ({ ...k, cpu: DONE }))] : [];
  return { ...h, except: m.everyone, flight: [m.cpu], late, marks, gone: h.table && late === NOBODY };
}

const joined = (list: readonly number[], cpu: number): readonly number[] =>
  list.includes(cpu) ? list : [...list, cpu].sort((a, b) => a - b);

/**
 * An instruction synchronization barrier, or any other context synchronization event, of the executing CPU. Its
 * instructions in flight are fetched again and observe its completed TLBIs and settled writes.
 */
export function isb(m: Mmu): void {
  const { cpu } = m;
  const mine = m.pending[cpu]!;
  const flying = mine.in_flight;
  mine.in_flight = [];
  for (const todo of flying) {
    changeHeld(m, todo, (h) => {
      if (!h.flight.includes(cpu)) return h;
      const flight = h.flight.filter((c) => c !== cpu);
      return flight.length === 0 && h.late === NOBODY && h.except.length === m.cpus
        ? undefined
        : { ...h, flight };
    });
  }
  const left: Todo[] = [];
  for (const todo of mine.fresh) {
    let waits = false;
    m.fresh.update(todo.first, todo.n, (layer) =>
      layer.items.flatMap((f) => {
        if (f.writer !== cpu) return [f];
        if (f.settled === 2) return [];
        waits = true;
        return [f.settled === 1 ? { ...f, synced: true } : f];
      }),
    );
    if (waits) left.push(todo);
  }
  mine.fresh = left;
  changeOthers(m, (f) =>
    f.waited.includes(cpu) && !f.fetched.includes(cpu) ? { ...f, fetched: joined(f.fetched, cpu) } : f,
  );
}

/**
 * The executing CPU's descriptor writes have reached memory, which all observers share. For a machine that models store
 * buffers and instructions in flight itself: there this is an event of its own and does not depend on barriers.
 */
export function publish(m: Mmu): void {
  const { cpu } = m;
  const mine = m.pending[cpu]!;
  settle(m, 2);
  for (const { first, n } of mine.fresh) {
    m.fresh.update(first, n, (layer) => layer.items.filter((f) => f.writer !== cpu));
  }
  mine.fresh = [];
}
