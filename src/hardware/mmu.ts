import type { Translation } from '../geometry/translation.ts';
import type { Descriptor } from './descriptor.ts';
import { type Fresh, fresh_rule } from './fresh.ts';
import { type Held, held_rule } from './held.ts';
import { Layers } from './layers.ts';
import { type Place, place_rule } from './place.ts';
import { type WordRun, Words } from './words.ts';

/**
 * CVE-2025-10263, Arm errata 4118414 and others: a broadcast TLBI and its DSB complete before stores of other CPUs through
 * the old translation are observed. The entries are gone; any other broadcast TLBI with its DSB ends the stores, too.
 */
export type Defect = 'early-tlbi';

/** What software did to live tables though the architecture forbids it (Arm ARM D8, break-before-make, the Contiguous bit). */
export interface Violation {
  /**
   * `changed-live`: a valid descriptor replaced by a different valid one. `not-invalidated`: a valid descriptor written
   * while a CPU may hold another translation of the address. `contiguous-group`: a TLBI by address while the
   * group there is valid in part.
   */
  readonly rule: 'changed-live' | 'not-invalidated' | 'contiguous-group';
  readonly va: number;
  /** Bytes. */
  readonly size: number;
  readonly cpu: number;
  readonly old: Descriptor;
  readonly now: Descriptor;
}

/** Entries of one depth, numbered by virtual address / what one covers: where an instruction has work left. */
export interface Todo {
  readonly depth: number;
  readonly first: number;
  readonly n: number;
}

/** What one CPU's barriers still have to finish. Found again in the records themselves; kept to touch no others. */
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
 * The memory management unit of all CPUs, as what they MAY hold: what memory says they may hold anyway; kept here is
 * only what memory no longer says. Nothing is scheduled: no walk, no fill.
 */
export interface Mmu {
  readonly t: Translation;
  /** Physical address of the root table, swapper_pg_dir. */
  readonly root: number;
  readonly cpus: number;
  readonly defect: Defect | undefined;
  /** The CPU that executes now: set by whoever performs a step. */
  cpu: number;
  readonly words: Words;
  /** By physical page: the tables and leaf outputs it serves as, in memory or possibly held. */
  readonly places: Layers<Place>;
  /** By depth, by entry number: translations that memory no longer has and that some CPU may hold. */
  readonly stale: readonly Layers<Held>[];
  /** By physical address / 8: descriptors so new that a walker may still find the invalid one before. */
  readonly fresh: Layers<Fresh>;
  /** By CPU. */
  readonly pending: readonly Pending[];
  readonly violations: Violation[];
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
export function new_mmu({ t, root, cpus, defect }: MmuOptions): Mmu {
  if (root % (8 * t.entries[0]!) !== 0) throw new RangeError(`no root table can lie at ${root}`);
  const places = new Layers<Place>(place_rule(t));
  const page = Math.floor(root / 2 ** t.page_shift);
  // entry 0 of the root is where the address space that the kernel's half ends at 2^64 begins
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
    stale: t.shift.map((_, depth) => new Layers<Held>(held_rule(t, depth))),
    fresh: new Layers<Fresh>(fresh_rule),
    pending: Array.from({ length: cpus }, () => ({ unsettled: [], fresh: [], marked: [], in_flight: [] })),
    violations: [],
    everyone: Array.from({ length: cpus }, (_, cpu) => cpu),
  };
}

export function copy_mmu(m: Mmu): Mmu {
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

/** The descriptor at a physical address, as a load of the executing CPU finds it. */
export const read_entry = (m: Mmu, pa: number): Descriptor => m.words.get(pa);

/** The run of like words from a physical address on, at most `n` of them. */
export const read_run = (m: Mmu, pa: number, n: number): WordRun => m.words.run_at(pa, n);
