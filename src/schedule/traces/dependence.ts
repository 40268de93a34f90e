import { bytesOf, widened } from '../data/ints.ts';

/**
 * Sets of accesses (slot * 2 + write) by number, and which of them conflict: two sets conflict if both touch the same
 * slot and one writes it. There are far more queries than distinct sets, so every answer is cached.
 */
export class Dependence {
  readonly #sets: (readonly number[])[] = [];
  readonly #byText = new Map<string, number>();
  readonly #byArray = new Map<readonly number[], number>();
  /** By pair of sets (a * stride + b): 0 not asked yet, {@link NO} or {@link YES}. For loops that cannot afford a call. */
  answers = new Uint8Array(64 * 64);
  stride = 64;
  /**
   * By set: one bit for every slot that it reads or writes, and for those that it writes; slots 32 apart share a bit.
   * Sets without a common bit do not conflict, nor do unions of them. This answers many queries about several sets
   * quickly.
   */
  touched = new Int32Array(64);
  written = new Int32Array(64);

  /** The number of a set. The array must not be changed afterwards. */
  id(accesses: readonly number[]): number {
    const known = this.#byArray.get(accesses);
    if (known !== undefined) return known;
    const text = accesses.join();
    let id = this.#byText.get(text);
    if (id === undefined) {
      id = this.#sets.push(accesses) - 1;
      this.#byText.set(text, id);
      if (id >= this.stride) this.#grow();
      for (const access of accesses) {
        const bit = 1 << ((access >> 1) & 31);
        this.touched[id]! |= bit;
        if (access & 1) this.written[id]! |= bit;
      }
    }
    this.#byArray.set(accesses, id);
    return id;
  }

  set(id: number): readonly number[] {
    return this.#sets[id]!;
  }

  /** All sets in the order of their numbers. */
  get all(): readonly (readonly number[])[] {
    return this.#sets;
  }

  /** An estimate of the bytes held; every known array takes an entry of a map. */
  get bytes(): number {
    return this.#byArray.size * 120 + bytesOf(this.answers, this.touched, this.written);
  }

  conflict(a: number, b: number): boolean {
    const at = a * this.stride + b;
    const known = this.answers[at]!;
    if (known !== 0) return known === YES;
    const answer = overlap(this.#sets[a]!, this.#sets[b]!);
    this.answers[at] = answer ? YES : NO;
    return answer;
  }

  #grow(): void {
    this.stride *= 2;
    this.answers = new Uint8Array(this.stride * this.stride);
    this.touched = widened(this.touched, this.stride);
    this.written = widened(this.written, this.stride);
  }
}

/** Answers in {@link Dependence.answers}. */
export const NO = 1;
const YES = 2;

function overlap(a: readonly number[], b: readonly number[]): boolean {
  return a.some((x) => b.some((y) => x >> 1 === y >> 1 && ((x | y) & 1) === 1));
}
