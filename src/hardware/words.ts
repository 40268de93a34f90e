import { type Descriptor, INVALID } from './descriptor.ts';

/**
 * Descriptors in simulated physical memory, by the physical address of their 8 bytes, held as runs: consecutive words
 * with the same attributes whose address fields ascend by one stride. A gigabyte mapped by pages whose tables lie side
 * by side is one run; memory that holds no descriptor reads as zero and costs nothing.
 */
export class Words {
  /** Ascending: number of the first word (physical address / 8), words, address field of the first, stride, attributes. */
  #first: number[] = [];
  #count: number[] = [];
  #addr: number[] = [];
  #stride: number[] = [];
  #attr: number[] = [];

  copy(): Words {
    const twin = new Words();
    twin.#first = this.#first.slice();
    twin.#count = this.#count.slice();
    twin.#addr = this.#addr.slice();
    twin.#stride = this.#stride.slice();
    twin.#attr = this.#attr.slice();
    return twin;
  }

  /** Number of runs held. */
  get runs(): number {
    return this.#first.length;
  }

  /** Index of the last run that starts at or before a word, or -1. */
  #find(word: number): number {
    let low = 0;
    let high = this.#first.length;
    while (low < high) {
      const mid = (low + high) >>> 1;
      if (this.#first[mid]! <= word) low = mid + 1;
      else high = mid;
    }
    return low - 1;
  }

  /** The descriptor at a physical address, a multiple of 8. */
  get(pa: number): Descriptor {
    const word = pa / 8;
    const i = this.#find(word);
    if (i < 0 || word >= this.#first[i]! + this.#count[i]!) return INVALID;
    return {
      addr: this.#addr[i]! + (word - this.#first[i]!) * this.#stride[i]!,
      attr: this.#attr[i]!,
    };
  }

  /**
   * Write `n` words from a physical address on: the same descriptor with address fields ascending by `stride`. An
   * all-zero descriptor with stride 0 erases.
   */
  fill(pa: number, n: number, d: Descriptor, stride: number): void {
    const word = pa / 8;
    const i = this.#cut(word, n);
    if (d.addr === 0 && d.attr === 0 && (stride === 0 || n === 1)) return;
    this.#insert(i, word, n, d.addr, n === 1 ? 0 : stride, d.attr);
  }

  /** Empty [word, word + n) and return where a run for it would go. */
  #cut(word: number, n: number): number {
    const end = word + n;
    let i = this.#find(word);
    if (i >= 0 && this.#first[i]! + this.#count[i]! > word) {
      const first = this.#first[i]!;
      const stop = first + this.#count[i]!;
      if (first < word) {
        this.#count[i] = word - first;
        if (stop > end) {
          this.#splice(i + 1, 0, end, stop - end, this.#addr[i]! + (end - first) * this.#stride[i]!, i);
          return i + 1;
        }
        i++;
      }
    } else i++;
    let last = i;
    while (last < this.#first.length && this.#first[last]! + this.#count[last]! <= end) last++;
    if (last < this.#first.length && this.#first[last]! < end) {
      const gone = end - this.#first[last]!;
      this.#first[last] = end;
      this.#count[last]! -= gone;
      this.#addr[last]! += gone * this.#stride[last]!;
    }
    if (last > i) this.#remove(i, last - i);
    return i;
  }

  /** Put a run at index `i`, or lengthen the neighbours it continues. */
  #insert(i: number, word: number, n: number, addr: number, stride: number, attr: number): void {
    if (i > 0 && this.#continues(i - 1, word, n, addr, stride, attr)) {
      if (this.#count[i - 1] === 1) this.#stride[i - 1] = addr - this.#addr[i - 1]!;
      this.#count[i - 1]! += n;
      this.#join(i - 1);
      return;
    }
    this.#first.splice(i, 0, word);
    this.#count.splice(i, 0, n);
    this.#addr.splice(i, 0, addr);
    this.#stride.splice(i, 0, stride);
    this.#attr.splice(i, 0, attr);
    this.#join(i);
  }

  /** Whether words added behind run `i` go on as it does; a single word has any stride. */
  #continues(i: number, word: number, n: number, addr: number, stride: number, attr: number): boolean {
    if (this.#first[i]! + this.#count[i]! !== word || this.#attr[i] !== attr) return false;
    const step = addr - (this.#addr[i]! + (this.#count[i]! - 1) * this.#stride[i]!);
    if (step < 0) return false;
    return (this.#count[i] === 1 || this.#stride[i] === step) && (n === 1 || stride === step);
  }

  /** Merge run `i` with the next one where that goes on as it does. */
  #join(i: number): void {
    const j = i + 1;
    if (j >= this.#first.length) return;
    if (
      !this.#continues(i, this.#first[j]!, this.#count[j]!, this.#addr[j]!, this.#stride[j]!, this.#attr[j]!)
    )
      return;
    if (this.#count[i] === 1) this.#stride[i] = this.#addr[j]! - this.#addr[i]!;
    this.#count[i]! += this.#count[j]!;
    this.#remove(j, 1);
  }

  #splice(at: number, gone: number, word: number, n: number, addr: number, like: number): void {
    this.#first.splice(at, gone, word);
    this.#count.splice(at, gone, n);
    this.#addr.splice(at, gone, addr);
    this.#stride.splice(at, gone, n === 1 ? 0 : this.#stride[like]!);
    this.#attr.splice(at, gone, this.#attr[like]!);
  }

  #remove(at: number, n: number): void {
    this.#first.splice(at, n);
    this.#count.splice(at, n);
    this.#addr.splice(at, n);
    this.#stride.splice(at, n);
    this.#attr.splice(at, n);
  }

  /** The runs of non-zero words that intersect [pa, pa + 8n), clipped to it, in order. */
  *in(pa: number, n: number): Generator<WordRun> {
    const word = pa / 8;
    const end = word + n;
    for (let i = Math.max(0, this.#find(word)); i < this.#first.length && this.#first[i]! < end; i++) {
      const first = Math.max(word, this.#first[i]!);
      const stop = Math.min(end, this.#first[i]! + this.#count[i]!);
      if (stop <= first) continue;
      yield {
        pa: first * 8,
        n: stop - first,
        addr: this.#addr[i]! + (first - this.#first[i]!) * this.#stride[i]!,
        stride: this.#stride[i]!,
        attr: this.#attr[i]!,
      };
    }
  }

  /** The run of words equal in kind to the one at `pa`, from there on, at most `n` of them; zeroes count as a run. */
  run_at(pa: number, n: number): WordRun {
    const word = pa / 8;
    const i = this.#find(word);
    if (i >= 0 && word < this.#first[i]! + this.#count[i]!) {
      const at = word - this.#first[i]!;
      const left = Math.min(n, this.#count[i]! - at);
      const stride = this.#stride[i]!;
      return { pa, n: left, addr: this.#addr[i]! + at * stride, stride, attr: this.#attr[i]! };
    }
    const next = this.#first[i + 1] ?? Number.POSITIVE_INFINITY;
    return { pa, n: Math.min(n, next - word), addr: 0, stride: 0, attr: 0 };
  }
}

export interface WordRun {
  /** Physical address of the first word. */
  readonly pa: number;
  readonly n: number;
  /** Address field of the first word. */
  readonly addr: number;
  readonly stride: number;
  readonly attr: number;
}
