import type { Translation } from '../geometry/translation.ts';
import type { Descriptor } from './descriptor/descriptor.ts';
import { Layers } from './memory/layers.ts';
import { type WordRun, Words } from './memory/words.ts';
import { type Fresh, freshRule } from './tlb/fresh.ts';
import { type Held, heldRule } from './tlb/held.ts';
import { type Place, placeRule } from './walks/place.ts';

/**
 * CVE-2025-10263, Arm errata 4118414 and others: a broadcast TLBI and its DSB complete before stores of other CPUs
 * through the old translation are observed. The TLB entries are gone; the stores end with any other broadcast TLBI and
 * its DSB.
 */
export type Defect = 'early-tlbi';

/** An operation on live tables that the architecture forbids (Arm ARM D8, break-before-make, the Contiguous bit). */
export interface RuleViolation {
  /**
   * `changed-live`: a valid descriptor replaced by a different valid one. `not-invalidated`: a valid descriptor written
   * while a CPU may hold another translation of the address. `contiguous-group`: a TLBI by address while the
   * group there is valid in part.
   */
  readonly rule: 'changed-live' | 'not-invalidated' | 'contiguous-group';
  readonly va: number;
  /** In bytes. */
  readonly size: number;
  readonly cpu: number;
  readonly old: Descriptor;
  readonly now: Descriptor;
}

/**
 * Entries of one depth that an instruction still has to process, numbered by virtual address / size of an entry's
 * range.
 */
export interface Todo {
  readonly depth: number;
  readonly first: number;
  readonly n: number;
}

/**
 * What one CPU's barriers still have to finish. The records themselves hold the same; this list saves searching them.
 */
export interface Pending {
  /** Translations whose overwriting is not visible to all walkers yet. */
  unsettled: Todo[];
  /** Words (depth -1, by physical address / 8) that became valid and that walkers may still read as before. */
  fresh: Todo[];
  /** Translations under a TLBI that is not complete. */
  marked: Todo[];
  /** Translations that instructions in flight may still use. */
  in_flight: Todo[];
}

/**
 * The memory management units of all CPUs, described by what they MAY hold. They may hold everything that is in memory;
 * only what memory no longer has is kept here. No walks and no TLB fills are scheduled.
 */
export interface Mmu {
  readonly t: Translation;
  /** Physical address of the root table, swapper_pg_dir. */
  readonly root: number;
  readonly cpus: number;
  readonly defect: Defect | undefined;
  /** The executing CPU. Whoever performs a step sets it. */
  cpu: number;
  readonly words: Words;
  /** By physical page: the tables and leaf outputs that it serves as, in memory or possibly held. */
  readonly places: Layers<Place>;
  /** By depth, by entry number: translations that memory no longer has and that some CPU may hold. */
  readonly stale: readonly Layers<Held>[];
  /** By physical address / 8: descriptors written so recently that a walker may still find the invalid one before. */
  readonly fresh: Layers<Fresh>;
  /** By CPU. */
  readonly pending: readonly Pending[];
  readonly violations: RuleViolation[];
  /** All CPUs, ascending. */
  readonly everyone: readonly number[];
}

export interface MmuOptions {
  readonly t: Translation;
  readonly root: number;
  readonly cpus: number;
  readonly defect?: Defect;
}

/**
 * An MMU whose tables are all zero.
 * @throws RangeError for a root that is not aligned to its size
 */
export function newMmu({ t, root, cpus, defect }: MmuOptions): Mmu {
  if (root % (8 * t.entries[0]!) !== 0) throw new RangeError(`no root table can lie at ${root}`);
  const places = new Layers<Place>(placeRule(t));
  const page = Math.floor(root / 2 ** t.page_shift);
  // entry 0 of the root translates the start of the address space whose kernel half ends at 2^64
  const va = -t.entries[0]! * 2 ** t.shift[0]! - (root % 2 ** t.page_shift) * 2 ** (t.shift[0]! - 3);
  places.update(page, 1, () => [{ va, depth: 0, table: true, refs: 1 }]);
  return {
    t,
    root,
    cpus,
    defect,
    cpu: 0,
    words: new Words(),
    places,
    stale: t.shift.map((_, depth) => new Layers<Held>(heldRule(t, depth))),
    fresh: new Layers<Fresh>(freshRule),
    pending: Array.from({ length: cpus }, () => ({ unsettled: [], fresh: [], marked: [], in_flight: [] })),
    violations: [],
    everyone: Array.from({ length: cpus }, (_, cpu) => cpu),
  };
}

export function copyMmu(m: Mmu): Mmu {
  return {
    ...m,
    words: m.words.copy(),
    places: m.places.copy(),
    stale: m.stale.map((layers) => layers.copy()),
    fresh: m.fresh.copy(),
    pending: m.pending.map((p) => ({
      unsettled: p.unsettled.slice(),
      fresh: p.fresh.slice(),
      marked: p.marked.slice(),
      in_flight: p.in_flight.slice(),
    })),
    violations: m.violations.slice(),
  };
}

/** The descriptor at a physical address, as a load of the executing CPU reads it. */
export const readEntry = (m: Mmu, pa: number): Descriptor => m.words.get(pa);

/** The run of words of one kind from a physical address on, at most `n` words. */
export const readRun = (m: Mmu, pa: number, n: number): WordRun => m.words.runAt(pa, n);
