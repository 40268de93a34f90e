/** An entry has four words: a, b, the value, and padding that keeps it within a cache line. */
const A = 0;
const B = 1;
const VALUE = 2;
const SIZE = 4;

/** A hash map from pairs of non-negative 31-bit integers to non-negative integers, in a typed array. */
export class PairMap {
  #entries = empty(64);
  /** The number of entries there is room for, less one. */
  #mask = 63;
  size = 0;

  get bytes(): number {
    return this.#entries.byteLength;
  }

  /** The value under (a, b), or -1. */
  get(a: number, b: number): number {
    const entries = this.#entries;
    const mask = this.#mask;
    let i = spread(a, b) & mask;
    for (;;) {
      const at = i * SIZE;
      const k = entries[at + A]!;
      if (k === a && entries[at + B] === b) return entries[at + VALUE]!;
      if (k === -1) return -1;
      i = (i + 1) & mask;
    }
  }

  set(a: number, b: number, value: number): void {
    if (this.size * 2 > this.#mask) this.#grow();
    const entries = this.#entries;
    const mask = this.#mask;
    let i = spread(a, b) & mask;
    while (entries[i * SIZE + A] !== -1 && !(entries[i * SIZE + A] === a && entries[i * SIZE + B] === b))
      i = (i + 1) & mask;
    const at = i * SIZE;
    if (entries[at + A] === -1) this.size++;
    entries[at + A] = a;
    entries[at + B] = b;
    entries[at + VALUE] = value;
  }

  #grow(): void {
    const old = this.#entries;
    const room = (this.#mask + 1) * 2;
    this.#entries = empty(room);
    this.#mask = room - 1;
    this.size = 0;
    for (let at = 0; at < old.length; at += SIZE) {
      if (old[at + A] !== -1) this.set(old[at + A]!, old[at + B]!, old[at + VALUE]!);
    }
  }
}

function empty(room: number): Int32Array {
  return new Int32Array(room * SIZE).fill(-1);
}

function spread(a: number, b: number): number {
  let h = Math.imul(a, 0x9e3779b1) + Math.imul(b, 0x85ebca77);
  h ^= h >>> 15;
  return Math.imul(h, 0x2c1b3c6d) >>> 7;
}
