import { MAX_THREADS } from '../program/program.ts';

/**
 * Which threads may read and write which slot, as far as threads have been unfolded. A step is private if no other
 * thread touches what it writes nor writes what it reads: it commutes with every step of other threads.
 *
 * This is an estimate that becomes more cautious as threads unfold. A search that relies on {@link isPrivate} must
 * begin again when {@link broken} says that a slot it relied on is shared after all. If a whole search ends unbroken,
 * the estimate held for every step in it.
 */
export class Sharing {
  readonly #readers: number[] = [];
  readonly #writers: number[] = [];
  readonly #relied: boolean[] = [];
  broken = false;

  /** A thread has reached a step with these accesses (slot * 2 + write). */
  note(thread: number, accesses: readonly number[]): void {
    for (const access of accesses) {
      const slot = access >> 1;
      const of = access & 1 ? this.#writers : this.#readers;
      const before = of[slot] ?? 0;
      const after = before | (1 << thread);
      if (after !== before && this.#relied[slot]) this.broken = true;
      of[slot] = after;
    }
  }

  /** Every thread is taken to read this slot: an invariant reads it. */
  watch(slot: number): void {
    const all = (1 << MAX_THREADS) - 1;
    if (this.#readers[slot] === all) return;
    if (this.#relied[slot]) this.broken = true;
    this.#readers[slot] = all;
  }

  isPrivate(thread: number, accesses: readonly number[]): boolean {
    const others = ~(1 << thread);
    for (const access of accesses) {
      const slot = access >> 1;
      const conflicting = access & 1 ? this.#readers[slot]! | this.#writers[slot]! : this.#writers[slot]!;
      if (conflicting & others) return false;
    }
    return true;
  }

  /** Records that a step with these accesses was taken for private. */
  rely(accesses: readonly number[]): void {
    for (const access of accesses) this.#relied[access >> 1] = true;
  }

  /** All of it as plain data, for checkpoints. */
  save(): SavedSharing {
    return { readers: [...this.#readers], writers: [...this.#writers], relied: [...this.#relied] };
  }

  load({ readers, writers, relied }: SavedSharing): void {
    for (const [into, from] of [
      [this.#readers, readers],
      [this.#writers, writers],
    ] as const) {
      from.forEach((mask, slot) => {
        into[slot] = mask ?? 0;
      });
    }
    relied.forEach((on, slot) => {
      this.#relied[slot] = on ?? false;
    });
    this.broken = false;
  }

  /** Begins again with the accesses known now. */
  settle(): void {
    this.#relied.length = 0;
    this.broken = false;
  }
}

export interface SavedSharing {
  readonly readers: readonly (number | null)[];
  readonly writers: readonly (number | null)[];
  readonly relied: readonly (boolean | null)[];
}
