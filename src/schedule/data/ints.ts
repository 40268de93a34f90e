/** A growing list of 32-bit integers. */
export class Ints {
  data: Int32Array;
  length = 0;

  constructor(capacity = 1024) {
    this.data = new Int32Array(capacity);
  }

  push(value: number): number {
    if (this.length === this.data.length) {
      const wide = new Int32Array(this.data.length * 2);
      wide.set(this.data);
      this.data = wide;
    }
    this.data[this.length] = value;
    return this.length++;
  }

  get bytes(): number {
    return this.data.byteLength;
  }

  clear(): void {
    this.length = 0;
  }
}

/** The total number of bytes of the arrays. */
export function bytesOf(...arrays: readonly { readonly byteLength: number }[]): number {
  return arrays.reduce((sum, a) => sum + a.byteLength, 0);
}

/** A copy of `from` with at least `length` places; the new ones are 0. */
export function widened(from: Int32Array, length: number): Int32Array<ArrayBuffer> {
  const wide = new Int32Array(Math.max(length, from.length * 2));
  wide.set(from);
  return wide;
}
