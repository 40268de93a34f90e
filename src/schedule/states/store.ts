/** States a chunk holds. */
const CHUNK_BITS = 12;
const CHUNK = 1 << CHUNK_BITS;
/** Words beside every vector. */
const WORDS = 2;

/**
 * The set of states seen, numbered from 0. A state is a vector of integers; missing positions count as 0, so vectors
 * may grow longer while the set fills. Vectors lie in chunks of typed arrays; a hash table of (number, hash) finds
 * them. Two words for the search lie beside every vector, where they share its cache line.
 */
export class StateStore {
  size = 0;
  /** Whether the last {@link add} added a new state. */
  isNew = false;
  #chunks: Int32Array[] = [];
  /** By chunk: the length of a vector, with its words. */
  #widths: number[] = [];
  #table = new Int32Array(2 << 12);
  #mask = (1 << 12) - 1;
  #keys = new Int32Array(0);

  /** The number of the state, new or known. */
  add(v: Int32Array, width: number): number {
    if (width > this.#keys.length) this.#addKeys(width);
    const keys = this.#keys;
    const table = this.#table;
    const mask = this.#mask;
    let h = 0;
    for (let i = 0; i < width; i++) h = (h + Math.imul(v[i]!, keys[i]!)) | 0;
    h ^= h >>> 16;
    h = Math.imul(h, 0x45d9f3b);
    h ^= h >>> 15;
    let at = h & mask;
    for (;;) {
      const entry = table[at * 2]!;
      if (entry === 0) break;
      if (table[at * 2 + 1] === h && this.#equals(entry - 1, v, width)) {
        this.isNew = false;
        return entry - 1;
      }
      at = (at + 1) & mask;
    }
    table[at * 2] = this.size + 1;
    table[at * 2 + 1] = h;
    this.isNew = true;
    const index = this.#append(v, width);
    if (this.size * 10 > (mask + 1) * 6) this.#grow();
    return index;
  }

  /** A word that the search keeps with a state: `which` is 0 or 1. */
  word(index: number, which: number): number {
    const c = index >>> CHUNK_BITS;
    return this.#chunks[c]![(index & (CHUNK - 1)) * this.#widths[c]! + which]!;
  }

  setWord(index: number, which: number, value: number): void {
    const c = index >>> CHUNK_BITS;
    this.#chunks[c]![(index & (CHUNK - 1)) * this.#widths[c]! + which] = value;
  }

  /** Copy a state into `into`, which is at least as wide as every state and whose tail becomes 0. */
  load(index: number, into: Int32Array, width: number): void {
    const c = index >>> CHUNK_BITS;
    const chunk = this.#chunks[c]!;
    const w = this.#widths[c]!;
    const base = (index & (CHUNK - 1)) * w + WORDS;
    const length = w - WORDS;
    for (let i = 0; i < length; i++) into[i] = chunk[base + i]!;
    for (let i = length; i < width; i++) into[i] = 0;
  }

  get bytes(): number {
    let sum = this.#table.byteLength;
    for (const w of this.#widths) sum += w * CHUNK * 4;
    return sum;
  }

  #equals(index: number, v: Int32Array, width: number): boolean {
    const c = index >>> CHUNK_BITS;
    const chunk = this.#chunks[c]!;
    const w = this.#widths[c]!;
    const base = (index & (CHUNK - 1)) * w + WORDS;
    const length = w - WORDS;
    for (let i = 0; i < length; i++) if (chunk[base + i] !== v[i]) return false;
    for (let i = length; i < width; i++) if (v[i] !== 0) return false;
    return true;
  }

  #append(v: Int32Array, width: number): number {
    const index = this.size++;
    const c = index >>> CHUNK_BITS;
    if (c === this.#chunks.length) {
      this.#chunks.push(new Int32Array(CHUNK * (width + WORDS)));
      this.#widths.push(width + WORDS);
    } else if (this.#widths[c]! < width + WORDS) this.#widen(c, width + WORDS);
    const w = this.#widths[c]!;
    const chunk = this.#chunks[c]!;
    const base = (index & (CHUNK - 1)) * w + WORDS;
    for (let i = 0; i < width; i++) chunk[base + i] = v[i]!;
    return index;
  }

  #widen(c: number, width: number): void {
    const old = this.#chunks[c]!;
    const w = this.#widths[c]!;
    const wide = new Int32Array(CHUNK * width);
    for (let s = 0; s < CHUNK; s++) wide.set(old.subarray(s * w, s * w + w), s * width);
    this.#chunks[c] = wide;
    this.#widths[c] = width;
  }

  #grow(): void {
    const old = this.#table;
    this.#mask = this.#mask * 2 + 1;
    const mask = this.#mask;
    const table = new Int32Array((mask + 1) * 2);
    for (let i = 0; i < old.length; i += 2) {
      if (old[i] === 0) continue;
      let at = old[i + 1]! & mask;
      while (table[at * 2] !== 0) at = (at + 1) & mask;
      table[at * 2] = old[i]!;
      table[at * 2 + 1] = old[i + 1]!;
    }
    this.#table = table;
  }

  /**
   * Makes one odd multiplier per position. A position that holds 0 adds nothing to the hash, so longer vectors hash
   * alike.
   */
  #addKeys(width: number): void {
    const keys = new Int32Array(width * 2);
    for (let i = 0; i < keys.length; i++) {
      let x = Math.imul(i + 1, 0x9e3779b9);
      x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
      x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
      keys[i] = (x ^ (x >>> 16)) | 1;
    }
    this.#keys = keys;
  }
}
