import { entrySize, type Translation } from '../geometry/translation.ts';
import type { ItemRule } from './layers.ts';

/** In the place of a mark's CPU: the TLBI is complete. */
export const DONE = -1;
export const isDone = (mark: Mark): boolean => mark.cpu === DONE;

/** A TLBI that covers a translation and is not complete; of a walk-cache entry kept until that is gone. */
export interface Mark {
  /** Who issued it, or {@link DONE}. */
  readonly cpu: number;
  readonly broadcast: boolean;
  /** Of a walk-cache entry: which addresses under it the TLBI covers; leaves of others stay cached. */
  readonly va: number;
  readonly end: number;
}

/** A translation that memory no longer has. The entries it was read from are where it lies in `Mmu.stale`. */
export interface Held {
  /** Kept by a walk cache: it leads to whatever lies in that table page now. Otherwise a leaf, in a TLB. */
  readonly table: boolean;
  readonly addr: number;
  readonly attr: number;
  /** Who overwrote it, and whether that is visible: 1 to the writer's own walker, 2 to all (then -1). */
  readonly writer: number;
  readonly settled: 0 | 1 | 2;
  /** CPUs that cannot keep it any more, ascending. */
  readonly except: readonly number[];
  /** CPUs of those with instructions in flight that may use it: until their context synchronization event. */
  readonly flight: readonly number[];
  /**
   * Of a walk-cache entry: it is gone everywhere, and only instructions in flight have come by it. What lies in the table
   * from then on they cannot find: they have been translated.
   */
  readonly gone: boolean;
  /** The defect: whose TLBI stores of all other CPUs through it outlived; or {@link NOBODY}. */
  readonly late: number;
  readonly marks: readonly Mark[];
}

/** Bytes of output that one entry stands for: a table page, or what a leaf covers. */
export const outputSize = (t: Translation, depth: number, table: boolean): number =>
  table ? 2 ** t.page_shift : entrySize(t, depth);

export function heldRule(t: Translation, depth: number): ItemRule<Held> {
  return {
    shift: (h, by) => ({ ...h, addr: h.addr + by * outputSize(t, depth, h.table) }),
    same: sameHeld,
  };
}

const sameList = (a: readonly number[], b: readonly number[]): boolean =>
  a === b || (a.length === b.length && a.every((x, i) => x === b[i]));

function sameHeld(a: Held, b: Held): boolean {
  return (
    a.addr === b.addr &&
    a.attr === b.attr &&
    a.table === b.table &&
    a.writer === b.writer &&
    a.settled === b.settled &&
    a.late === b.late &&
    a.gone === b.gone &&
    sameList(a.except, b.except) &&
    sameList(a.flight, b.flight) &&
    a.marks.length === b.marks.length &&
    a.marks.every((x, i) => {
      const y = b.marks[i]!;
      return x.cpu === y.cpu && x.broadcast === y.broadcast && x.va === y.va && x.end === y.end;
    })
  );
}

export const NOBODY = -1;

/** Whether a TLB or walk cache of the CPU may keep it. */
export const caches = (h: Held, cpu: number): boolean => !h.except.includes(cpu);
/** Whether the CPU does not, but may have instructions in flight that use it. */
export const inFlight = (h: Held, cpu: number): boolean =>
  !caches(h, cpu) && (h.flight.includes(cpu) || (h.late !== NOBODY && h.late !== cpu));
/** Whether an access by the CPU may use it. Of what the defect leaves in flight only stores are ever seen. */
export const mayUse = (h: Held, cpu: number, write: boolean): boolean =>
  caches(h, cpu) || h.flight.includes(cpu) || (write && inFlight(h, cpu));
