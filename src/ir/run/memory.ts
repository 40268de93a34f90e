import { IrStop } from '../stop.ts';
import { hex64 } from './int64.ts';

/** The bytes in a page of memory, which copies share until one of them writes. */
const PAGE = 4096;
const CACHED = 16;

interface Page {
  readonly bytes: Uint8Array;
  readonly words: Int32Array;
  /** One bit per byte: whether it has been written. */
  readonly written: Int32Array;
  /** The memory that may write to it; any other memory makes a copy first. */
  readonly owner: object;
}

/**
 * Byte-addressed memory of 2^64 bytes, little-endian. Only ranges passed to {@link map} exist; reading a byte that was
 * never written stops the run. Addresses are two signed 32-bit halves. A load returns its value in `lo` and `hi`.
 */
export class Memory {
  lo = 0;
  hi = 0;
  #pages: Map<number, Page>;
  /** Whether another memory shares the map: it is then copied before a change. */
  #shared = false;
  #token: object = {};
  readonly #hi = new Int32Array(CACHED).fill(-1);
  readonly #nr = new Int32Array(CACHED).fill(-1);
  readonly #cached: (Page | undefined)[] = new Array(CACHED);

  constructor(pages: Map<number, Page> = new Map()) {
    this.#pages = pages;
  }

  /** Another memory with the same contents: pages are shared until one of the two writes. */
  copy(): Memory {
    this.#shared = true;
    this.#token = {};
    const other = new Memory(this.#pages);
    other.#shared = true;
    return other;
  }

  /** Creates memory in [address, address + size); it counts as not written, unless it existed. */
  map(lo: number, hi: number, size: number): void {
    const first = pageOf(lo, hi);
    const last = Math.floor((first * PAGE + ((lo >>> 0) % PAGE) + size - 1) / PAGE);
    this.#unshare();
    for (let nr = first; nr <= last; nr++) {
      if (!this.#pages.has(nr)) this.#pages.set(nr, newPage(this.#token));
    }
    this.#forget();
  }

  /** Loads 1, 2, 4 or 8 bytes into `lo` and `hi`, zero-extended. */
  load(lo: number, hi: number, size: number): void {
    const offset = lo & (PAGE - 1);
    if ((offset & (size - 1)) !== 0) {
      this.#loadBytes(lo, hi, size);
      return;
    }
    const page = this.#page(lo, hi);
    const mask = size === 8 ? 0xff : (1 << size) - 1;
    if (((page.written[offset >> 5]! >>> (offset & 31)) & mask) !== mask) unwritten(lo, hi, size);
    this.hi = 0;
    if (size === 8) {
      this.lo = page.words[offset >> 2]!;
      this.hi = page.words[(offset >> 2) + 1]!;
    } else if (size === 4) this.lo = page.words[offset >> 2]!;
    else if (size === 2) this.lo = page.bytes[offset]! | (page.bytes[offset + 1]! << 8);
    else this.lo = page.bytes[offset]!;
  }

  /** Stores the low 1, 2, 4 or 8 bytes of a value. */
  store(lo: number, hi: number, size: number, vlo: number, vhi: number): void {
    const offset = lo & (PAGE - 1);
    if ((offset & (size - 1)) !== 0) {
      for (let i = 0; i < size; i++) {
        const half = i < 4 ? vlo : vhi;
        this.#storeByte(lo, hi, i, (half >>> (8 * (i & 3))) & 0xff);
      }
      return;
    }
    const page = this.#own(lo, hi);
    page.written[offset >> 5]! |= (size === 8 ? 0xff : (1 << size) - 1) << (offset & 31);
    if (size === 8) {
      page.words[offset >> 2] = vlo;
      page.words[(offset >> 2) + 1] = vhi;
    } else if (size === 4) page.words[offset >> 2] = vlo;
    else if (size === 2) {
      page.bytes[offset] = vlo;
      page.bytes[offset + 1] = vlo >>> 8;
    } else page.bytes[offset] = vlo;
  }

  fill(lo: number, hi: number, size: number, byte: number): void {
    for (let i = 0; i < size; ) {
      const at = add(lo, hi, i);
      const page = this.#own(at.lo, at.hi);
      const offset = at.lo & (PAGE - 1);
      const n = Math.min(size - i, PAGE - offset);
      page.bytes.fill(byte, offset, offset + n);
      setBits(page.written, offset, n, true);
      i += n;
    }
  }

  /** Copies bytes, and whether they were written; the ranges may overlap. */
  move(tolo: number, tohi: number, lo: number, hi: number, size: number): void {
    const bytes = new Uint8Array(size);
    const known = new Uint8Array(size);
    for (let i = 0; i < size; i++) {
      const at = add(lo, hi, i);
      const page = this.#page(at.lo, at.hi);
      const offset = at.lo & (PAGE - 1);
      bytes[i] = page.bytes[offset]!;
      known[i] = (page.written[offset >> 5]! >>> (offset & 31)) & 1;
    }
    for (let i = 0; i < size; i++) {
      this.#storeByte(tolo, tohi, i, bytes[i]!);
      if (!known[i]) this.forgetBytes(add(tolo, tohi, i).lo, add(tolo, tohi, i).hi, 1);
    }
  }

  /** Marks the bytes as not written: an object's life has ended or begun. */
  forgetBytes(lo: number, hi: number, size: number): void {
    for (let i = 0; i < size; ) {
      const at = add(lo, hi, i);
      const page = this.#own(at.lo, at.hi);
      const offset = at.lo & (PAGE - 1);
      const n = Math.min(size - i, PAGE - offset);
      setBits(page.written, offset, n, false);
      i += n;
    }
  }

  /** The bytes from an address on; -1 stands for one that was not written. */
  bytes(lo: number, hi: number, size: number): number[] {
    return Array.from({ length: size }, (_, i) => {
      const at = add(lo, hi, i);
      const page = this.#page(at.lo, at.hi);
      const offset = at.lo & (PAGE - 1);
      return ((page.written[offset >> 5]! >>> (offset & 31)) & 1) === 0 ? -1 : page.bytes[offset]!;
    });
  }

  #loadBytes(lo: number, hi: number, size: number): void {
    let low = 0;
    let up = 0;
    for (let i = 0; i < size; i++) {
      const at = add(lo, hi, i);
      const page = this.#page(at.lo, at.hi);
      const offset = at.lo & (PAGE - 1);
      if (((page.written[offset >> 5]! >>> (offset & 31)) & 1) === 0) unwritten(lo, hi, size);
      if (i < 4) low |= page.bytes[offset]! << (8 * i);
      else up |= page.bytes[offset]! << (8 * (i - 4));
    }
    this.lo = low;
    this.hi = up;
  }

  #storeByte(lo: number, hi: number, i: number, byte: number): void {
    const at = add(lo, hi, i);
    const page = this.#own(at.lo, at.hi);
    const offset = at.lo & (PAGE - 1);
    page.bytes[offset] = byte;
    page.written[offset >> 5]! |= 1 << (offset & 31);
  }

  #page(lo: number, hi: number): Page {
    const nr = lo >>> 12;
    const slot = nr & (CACHED - 1);
    if (this.#nr[slot] === nr && this.#hi[slot] === hi) return this.#cached[slot]!;
    const page = this.#pages.get(pageOf(lo, hi));
    if (!page) throw new IrStop('unmapped', hex64(lo, hi), 'memory');
    this.#nr[slot] = nr;
    this.#hi[slot] = hi;
    this.#cached[slot] = page;
    return page;
  }

  #own(lo: number, hi: number): Page {
    const page = this.#page(lo, hi);
    if (page.owner === this.#token) return page;
    this.#unshare();
    const bytes = page.bytes.slice();
    const own: Page = {
      bytes,
      words: new Int32Array(bytes.buffer),
      written: page.written.slice(),
      owner: this.#token,
    };
    this.#pages.set(pageOf(lo, hi), own);
    this.#cached[(lo >>> 12) & (CACHED - 1)] = own;
    return own;
  }

  #unshare(): void {
    if (!this.#shared) return;
    this.#pages = new Map(this.#pages);
    this.#shared = false;
  }

  #forget(): void {
    this.#nr.fill(-1);
  }
}

const pageOf = (lo: number, hi: number): number => (hi >>> 0) * 2 ** 20 + (lo >>> 12);

const newPage = (owner: object): Page => {
  const bytes = new Uint8Array(PAGE);
  return { bytes, words: new Int32Array(bytes.buffer), written: new Int32Array(PAGE / 32), owner };
};

function add(lo: number, hi: number, n: number): { readonly lo: number; readonly hi: number } {
  const low = (lo >>> 0) + n;
  return { lo: low | 0, hi: (hi + Math.floor(low / 2 ** 32)) | 0 };
}

function setBits(bits: Int32Array, from: number, n: number, on: boolean): void {
  for (let i = from; i < from + n; ) {
    if ((i & 31) === 0 && from + n - i >= 32) {
      bits[i >> 5] = on ? -1 : 0;
      i += 32;
      continue;
    }
    if (on) bits[i >> 5]! |= 1 << (i & 31);
    else bits[i >> 5]! &= ~(1 << (i & 31));
    i++;
  }
}

function unwritten(lo: number, hi: number, size: number): never {
  throw new IrStop('unwritten', `${size} bytes at ${hex64(lo, hi)}`, 'memory');
}
