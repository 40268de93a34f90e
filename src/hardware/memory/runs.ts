/**
 * A map from the integers [0, limit) to values, held as runs of equal values: cost grows with the number of
 * distinct runs, never with the length of a range. Values are compared with `===`.
 */
export class Runs<V> {
  /** Ascending starts of runs; a run ends where the next one starts. The first start is 0. */
  readonly #starts: number[];
  readonly #values: V[];

  constructor(initial: V);
  constructor(starts: readonly number[], values: readonly V[]);
  constructor(first: V | readonly number[], values?: readonly V[]) {
    this.#starts = values ? [...(first as readonly number[])] : [0];
    this.#values = values ? [...values] : [first as V];
  }

  copy(): Runs<V> {
    return new Runs<V>(this.#starts, this.#values);
  }

  /** Number of runs held. */
  get count(): number {
    return this.#starts.length;
  }

  /** Index of the run that holds `at`. */
  #find(at: number): number {
    let low = 0;
    let high = this.#starts.length - 1;
    while (low < high) {
      const mid = (low + high + 1) >>> 1;
      if (this.#starts[mid]! <= at) low = mid;
      else high = mid - 1;
    }
    return low;
  }

  get(at: number): V {
    return this.#values[this.#find(at)]!;
  }

  /** The runs that intersect [start, end), clipped to it, in order. */
  *in(start: number, end: number): Generator<{ start: number; end: number; value: V }> {
    for (let i = this.#find(start); i < this.#starts.length && this.#starts[i]! < end; i++) {
      const next = this.#starts[i + 1] ?? Number.POSITIVE_INFINITY;
      yield { start: Math.max(start, this.#starts[i]!), end: Math.min(end, next), value: this.#values[i]! };
    }
  }

  /** First place in [start, end) whose value satisfies the test, or -1. */
  first(start: number, end: number, test: (value: V) => boolean): number {
    for (let i = this.#find(start); i < this.#starts.length && this.#starts[i]! < end; i++) {
      if (test(this.#values[i]!)) return Math.max(start, this.#starts[i]!);
    }
    return -1;
  }

  /** Last place in [start, end) whose value satisfies the test, or -1. */
  last(start: number, end: number, test: (value: V) => boolean): number {
    if (end <= start) return -1;
    for (let i = this.#find(end - 1); i >= 0; i--) {
      const next = this.#starts[i + 1] ?? Number.POSITIVE_INFINITY;
      if (next <= start) return -1;
      if (test(this.#values[i]!)) return Math.min(end, next) - 1;
    }
    return -1;
  }

  /** How many places of [start, end) satisfy the test. */
  total(start: number, end: number, test: (value: V) => boolean): number {
    let sum = 0;
    for (const run of this.in(start, end)) if (test(run.value)) sum += run.end - run.start;
    return sum;
  }

  set(start: number, end: number, value: V): void {
    this.update(start, end, () => value);
  }

  /** Replace every value in [start, end) by its image. */
  update(start: number, end: number, image: (value: V) => V): void {
    if (end <= start) return;
    const first = this.#find(start);
    const last = this.#find(end - 1);
    const after = this.#starts[last + 1];
    const starts: number[] = [];
    const values: V[] = [];
    const push = (at: number, value: V): void => {
      if (values.length > 0 && values[values.length - 1] === value) return;
      starts.push(at);
      values.push(value);
    };
    if (first > 0) push(this.#starts[first - 1]!, this.#values[first - 1]!);
    if (this.#starts[first]! < start) push(this.#starts[first]!, this.#values[first]!);
    for (let i = first; i <= last; i++) push(Math.max(start, this.#starts[i]!), image(this.#values[i]!));
    if (end < (after ?? Number.POSITIVE_INFINITY)) push(end, this.#values[last]!);
    if (after !== undefined) push(after, this.#values[last + 1]!);
    const from = first > 0 ? first - 1 : first;
    const upto = after !== undefined ? last + 2 : last + 1;
    this.#starts.splice(from, upto - from, ...starts);
    this.#values.splice(from, upto - from, ...values);
  }
}
