import { InputError, quote } from '../../errors/input-error.ts';
import { parseVa } from '../../geometry/translation.ts';

/** kernel/directmap-pagetable.txt and kernel/vmemmap-pagetable.txt of a recorded step of x86-64. */

/** Adjacent leaves of one size and kind. */
export interface RecordedX86Leaf {
  /** Kernel address: its distance from 2^64, negative. */
  readonly va: number;
  readonly pa: number;
  readonly n: number;
  /** Bytes of one leaf: 4K, 2M or 1G. */
  readonly leaf_size: number;
  /** Bits 8:0 and 63 of the entry, packed as in src/hardware/descriptor/descriptor.ts. */
  readonly attr: number;
}

const LINE =
  /^([0-9a-f]{16}) -> ([0-9a-f]{9,13}) ([1-9]\d{0,9}) x (4|2048|1048576)K ([X-][G-][P-][D-][A-][C-][T-][U-][W-])(?: |$)/;

/** The bit of each letter: as `info tlb` of QEMU names them. */
const BITS = [27, 8, 7, 6, 5, 4, 3, 2, 1] as const;

/**
 * @param place the file's path, for messages
 * @throws InputError for anything else, and for leaves out of order or not aligned
 */
export function parseX86Leaves(text: string, file: string, place: string): RecordedX86Leaf[] {
  const found: RecordedX86Leaf[] = [];
  let last = Number.NEGATIVE_INFINITY;
  for (const [i, line] of text.split('\n').entries()) {
    if (line === '' || line.startsWith('#')) continue;
    const where = `${place} line ${i + 1}`;
    const match = LINE.exec(line);
    if (!match) throw new InputError(file, where, `${quote(line)} is no leaf`);
    const [, from, to, count, kib, letters] = match as unknown as string[];
    const va = parseVa(from!);
    const [pa, n, leafSize] = [Number.parseInt(to!, 16), Number(count), Number(kib) * 1024];
    if (va < last) throw new InputError(file, where, 'overlaps the leaf before it');
    if (va >= 0 || va % leafSize !== 0 || pa % leafSize !== 0)
      throw new InputError(file, where, 'is not aligned, or no kernel address');
    last = va + n * leafSize;
    const attr = BITS.reduce<number>((bits, bit, at) => (letters![at] === '-' ? bits : bits | (1 << bit)), 1);
    found.push({ va, pa, n, leaf_size: leafSize, attr });
  }
  return found;
}
