import { entrySize, type Translation } from '../../geometry/translation.ts';
import type { ItemRule } from '../memory/layers.ts';

/** Replaces a mark's CPU once the TLBI is complete. */
export const DONE = -1;
export const isDone = (mark: Mark): boolean => mark.cpu === DONE;

/** A TLBI that covers a translation and is not complete. For a walk-cache entry it is kept until that entry is gone. */
export interface Mark {
  /** The CPU that issued it, or {@link DONE}. */
  readonly cpu: number;
  readonly broadcast: boolean;
  /** For a walk-cache entry: which addresses under it the TLBI covers; leaves of others stay cached. */
  readonly va: number;
  readonly end: number;
  /** x86-64: whether global leaves stay. */
  readonly spares_global?: boolean;
  /** x86-64: whether it covers entries of walk caches under the entry wherever they lead (INVLPG). */
  readonly all_tables?: boolean;
}

/** A translation that memory no longer has. Its place in `Mmu.stale` says from which entries it was read. */
export interface Held {
  /**
   * Whether it is an entry of a walk cache, which leads to the current contents of that table page. Otherwise it is a
   * leaf in a TLB.
   */
  readonly table: boolean;
  readonly addr: number;
  readonly attr: number;
  /**
   * The CPU that overwrote it, and whether that is visible: 1 to the writer's own walker, 2 to all (then the writer is
   * -1).
   */
  readonly writer: number;
  readonly settled: 0 | 1 | 2;
  /** CPUs that can no longer keep it, ascending. */
  readonly except: readonly number[];
  /** The CPUs of `except` whose instructions in flight may use it until their context synchronization event. */
  readonly flight: readonly number[];
  /**
   * For a walk-cache entry: no cache holds it any more, and only instructions in flight have passed it. They have been
   * translated already, so they cannot find what the table holds from then on.
   */
  readonly gone: boolean;
  /**
   * With the defect: the CPU whose TLBI did not end the stores of other CPUs through the translation; or {@link
   * NOBODY}.
   */
  readonly late: number;
  readonly marks: readonly Mark[];
}

/** The bytes of output that one entry stands for: a table page, or the range of a leaf. */
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
      return (
        x.cpu === y.cpu &&
        x.broadcast === y.broadcast &&
        x.va === y.va &&
        x.end === y.end &&
        x.spares_global === y.spares_global &&
        x.all_tables === y.all_tables
      );
    })
  );
}

export const NOBODY = -1;

/** Whether a TLB or walk cache of the CPU may hold it. */
export const caches = (h: Held, cpu: number): boolean => !h.except.includes(cpu);
/** Whether the CPU does not hold it, but may have instructions in flight that use it. */
export const inFlight = (h: Held, cpu: number): boolean =>
  !caches(h, cpu) && (h.flight.includes(cpu) || (h.late !== NOBODY && h.late !== cpu));
/**
 * Whether an access by the CPU may use it. Of the accesses that the defect leaves in flight only stores are observable.
 */
export const mayUse = (h: Held, cpu: number, write: boolean): boolean =>
  caches(h, cpu) || h.flight.includes(cpu) || (write && inFlight(h, cpu));
