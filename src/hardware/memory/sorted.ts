/** A range of integers: [first, first + n). */
export interface Span {
  readonly first: number;
  readonly n: number;
}

/**
 * The most spans in one chunk; a fuller one is halved. Large enough to keep chunks few, small enough to keep a splice
 * cheap.
 */
const MAX = 128;

/**
 * Spans that do not overlap, ascending, in chunks. A search costs the logarithm of their number, a change one chunk.
 * Spans are never modified, so copies share chunks until one side changes them.
 */
export class Sorted<S extends Span> {
  #chunks: S[][] = [];
  /** By chunk: whether it belongs to this copy alone. */
  #own: boolean[] = [];
  #count = 0;

  copy(): Sorted<S> {
    const twin = new Sorted<S>();
    this.#own.fill(false);
    twin.#chunks = this.#chunks.slice();
    twin.#own = this.#own.slice();
    twin.#count = this.#count;
    return twin;
  }

  /** Number of spans held. */
  get count(): number {
    return this.#count;
  }

  /** Index of the last chunk that starts at or before `at`, or -1. */
  #chunk(at: number): number {
    let low = 0;
    let high = this.#chunks.length;
    while (low < high) {
      const mid = (low + high) >>> 1;
      if (this.#chunks[mid]![0]!.first <= at) low = mid + 1;
      else high = mid;
    }
    return low - 1;
  }

  /** The index in a chunk of its last span that starts at or before `at`, or -1. */
  static #place(chunk: readonly Span[], at: number): number {
    let low = 0;
    let high = chunk.length;
    while (low < high) {
      const mid = (low + high) >>> 1;
      if (chunk[mid]!.first <= at) low = mid + 1;
      else high = mid;
    }
    return low - 1;
  }

  /** The span that contains `at`. */
  at(at: number): S | undefined {
    const c = this.#chunk(at);
    if (c < 0) return undefined;
    const chunk = this.#chunks[c]!;
    const span = chunk[Sorted.#place(chunk, at)]!;
    return at < span.first + span.n ? span : undefined;
  }

  /** The first span that starts after `at`. */
  after(at: number): S | undefined {
    const c = this.#chunk(at);
    if (c < 0) return this.#chunks[0]?.[0];
    const chunk = this.#chunks[c]!;
    return chunk[Sorted.#place(chunk, at) + 1] ?? this.#chunks[c + 1]?.[0];
  }

  /** The spans that intersect [first, end), whole, ascending. */
  over(first: number, end: number): S[] {
    const found: S[] = [];
    let c = Math.max(0, this.#chunk(first));
    let i = c < this.#chunks.length ? Math.max(0, Sorted.#place(this.#chunks[c]!, first)) : 0;
    for (; c < this.#chunks.length; c++, i = 0) {
      const chunk = this.#chunks[c]!;
      for (; i < chunk.length; i++) {
        const span = chunk[i]!;
        if (span.first >= end) return found;
        if (span.first + span.n > first) found.push(span);
      }
    }
    return found;
  }

  /** Replaces the spans that start in [first, end) by `spans`, which ascend. */
  replace(first: number, end: number, spans: readonly S[]): void {
    let c = this.#chunk(first);
    if (c < 0) {
      if (this.#chunks.length === 0) {
        if (spans.length === 0) return;
        this.#chunks.push([]);
        this.#own.push(true);
      }
      c = 0;
    }
    const chunk = this.#mine(c);
    let from = Sorted.#place(chunk, first);
    if (from < 0 || chunk[from]!.first < first) from++;
    let upto = from;
    while (upto < chunk.length && chunk[upto]!.first < end) upto++;
    this.#count += spans.length - (upto - from);
    if (upto === chunk.length) this.#behind(c + 1, end);
    if (upto - from === spans.length) {
      for (const span of spans) chunk[from++] = span; // a splice costs the whole chunk
      return;
    }
    chunk.splice(from, upto - from, ...spans);
    if (chunk.length === 0) {
      this.#chunks.splice(c, 1);
      this.#own.splice(c, 1);
    } else if (chunk.length > MAX) this.#halve(c);
  }

  /** Removes the spans of the chunks from `c` on that start before `end`. */
  #behind(c: number, end: number): void {
    let last = c;
    while (last < this.#chunks.length && this.#chunks[last]!.at(-1)!.first < end) {
      this.#count -= this.#chunks[last]!.length;
      last++;
    }
    if (last > c) {
      this.#chunks.splice(c, last - c);
      this.#own.splice(c, last - c);
    }
    if (c < this.#chunks.length && this.#chunks[c]![0]!.first < end) {
      const chunk = this.#mine(c);
      const gone = Sorted.#place(chunk, end - 1) + 1;
      chunk.splice(0, gone);
      this.#count -= gone;
    }
  }

  #mine(c: number): S[] {
    if (!this.#own[c]) {
      this.#chunks[c] = this.#chunks[c]!.slice();
      this.#own[c] = true;
    }
    return this.#chunks[c]!;
  }

  #halve(c: number): void {
    const chunk = this.#chunks[c]!;
    const pieces: S[][] = [];
    for (let i = 0; i < chunk.length; i += MAX / 2) pieces.push(chunk.slice(i, i + MAX / 2));
    this.#chunks.splice(c, 1, ...pieces);
    this.#own.splice(c, 1, ...pieces.map(() => true));
  }
}
