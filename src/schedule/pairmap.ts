/** A hash map from pairs of non-negative 31-bit integers to non-negative integers, in typed arrays. */
export class PairMap {
  private keysA = new Int32Array(64).fill(-1);
  private keysB = new Int32Array(64);
  private vals = new Int32Array(64);
  private mask = 63;
  size = 0;

  /** The value under (a, b), or -1. */
  get(a: number, b: number): number {
    const { keysA, keysB, mask } = this;
    let i = spread(a, b) & mask;
    for (;;) {
      const k = keysA[i]!;
      if (k === a && keysB[i] === b) return this.vals[i]!;
      if (k === -1) return -1;
      i = (i + 1) & mask;
    }
  }

  set(a: number, b: number, value: number): void {
    if (this.size * 2 > this.mask) this.grow();
    let i = spread(a, b) & this.mask;
    while (this.keysA[i] !== -1 && !(this.keysA[i] === a && this.keysB[i] === b)) i = (i + 1) & this.mask;
    if (this.keysA[i] === -1) this.size++;
    this.keysA[i] = a;
    this.keysB[i] = b;
    this.vals[i] = value;
  }

  private grow(): void {
    const { keysA, keysB, vals } = this;
    const cap = (this.mask + 1) * 2;
    this.keysA = new Int32Array(cap).fill(-1);
    this.keysB = new Int32Array(cap);
    this.vals = new Int32Array(cap);
    this.mask = cap - 1;
    this.size = 0;
    for (let i = 0; i < keysA.length; i++) if (keysA[i] !== -1) this.set(keysA[i]!, keysB[i]!, vals[i]!);
  }
}

function spread(a: number, b: number): number {
  let h = Math.imul(a, 0x9e3779b1) + Math.imul(b, 0x85ebca77);
  h ^= h >>> 15;
  return Math.imul(h, 0x2c1b3c6d) >>> 7;
}
