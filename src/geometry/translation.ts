import { UserError } from '../errors/user-error.ts';
import { type Arch, VA_BITS } from './sizes.ts';

/**
 * The shape of kernel page tables: levels by depth, 0 the root, the last one PTEs. From asm/pgtable-hwdef.h of arm64 and
 * asm/pgtable_64_types.h of x86.
 */
export interface Translation {
  readonly arch: Arch;
  readonly page_shift: number;
  readonly va_bits: number;
  /** The number of table levels, including the root: CONFIG_PGTABLE_LEVELS. */
  readonly levels: number;
  /** By depth: log2 of the bytes that one entry covers. */
  readonly shift: readonly number[];
  /** By depth: entries of one table. */
  readonly entries: readonly number[];
  /** By depth: PGD, P4D, PUD, PMD, PTE without the folded ones. */
  readonly name: readonly LevelName[];
}

export type LevelName = 'PGD' | 'P4D' | 'PUD' | 'PMD' | 'PTE';

const NAMES: Readonly<Record<number, readonly LevelName[]>> = {
  2: ['PGD', 'PTE'],
  3: ['PGD', 'PMD', 'PTE'],
  4: ['PGD', 'PUD', 'PMD', 'PTE'],
  5: ['PGD', 'P4D', 'PUD', 'PMD', 'PTE'],
};

/** A combination of architecture, page size and address width with which no kernel can be built. */
export class NoSuchGeometry extends UserError {
  override readonly name = 'NoSuchGeometry';
}

/** Build options besides page size and address width. */
export interface TranslationOptions {
  /**
   * "52-bit (user)" of v5.2 and v5.3, with pages of 64K and 48 bits only: the root has 1024 entries, of which kernel
   * addresses use the last 64 (PTRS_PER_PGD of asm/pgtable-hwdef.h in 5.2.1).
   */
  readonly MAX_USER_VA_BITS?: 52;
}

/**
 * The shape of the kernel's tables.
 * @param page_size bytes
 * @throws NoSuchGeometry for a pair that cannot be selected
 */
export function translation(
  arch: Arch,
  pageSize: number,
  vaBits: number,
  { MAX_USER_VA_BITS }: TranslationOptions = {},
): Translation {
  const offered = VA_BITS[arch][pageSize];
  if (!offered) throw new NoSuchGeometry(`${arch} has no pages of ${pageSize} bytes`);
  if (!offered.includes(vaBits)) {
    throw new NoSuchGeometry(
      `${arch} with pages of ${pageSize} bytes has no ${vaBits}-bit addresses: ${offered.join(', ')}`,
    );
  }
  if (MAX_USER_VA_BITS && !(arch === 'arm64' && pageSize === 65536 && vaBits === 48)) {
    throw new NoSuchGeometry('52-bit addresses for user space alone need arm64 with 64K pages and 48 bits');
  }
  const pageShift = Math.log2(pageSize);
  const bits = pageShift - 3;
  const levels = Math.ceil((vaBits - pageShift) / bits);
  const shift = Array.from({ length: levels }, (_, depth) => pageShift + bits * (levels - 1 - depth));
  // x86-64 counts both halves of the address space in its root, arm64 only the kernel's
  const root = arch === 'x86_64' ? 2 ** bits : 2 ** ((MAX_USER_VA_BITS ?? vaBits) - shift[0]!);
  const entries = shift.map((_, depth) => (depth === 0 ? root : 2 ** bits));
  return { arch, page_shift: pageShift, va_bits: vaBits, levels, shift, entries, name: NAMES[levels]! };
}

/** The depth of a level by its name; a folded level is the next one towards the root, as in the kernel. */
export function depthOf(t: Translation, name: LevelName): number {
  const order: readonly LevelName[] = ['PGD', 'P4D', 'PUD', 'PMD', 'PTE'];
  for (let i = order.indexOf(name); i >= 0; i--) {
    const depth = t.name.indexOf(order[i]!);
    if (depth >= 0) return depth;
  }
  return 0;
}

/** The architecture's number of the level at a depth: PTEs are level 3, the root of five levels is -1. */
export const hardwareLevel = (t: Translation, depth: number): number => 4 - t.levels + depth;

/** Bytes that one entry at this depth covers. */
export const entrySize = (t: Translation, depth: number): number => 2 ** t.shift[depth]!;

/**
 * The index in its table of the entry that translates an address. A kernel address is its distance from 2^64: a
 * negative safe integer; 0 stands for 2^64.
 */
export function entryIndex(t: Translation, depth: number, va: number): number {
  const n = t.entries[depth]!;
  return ((Math.floor(va / 2 ** t.shift[depth]!) % n) + n) % n;
}

/** The first address after the range of the entry that translates `va`: the bound of the kernel's pXd_addr_end. */
export const nextEntry = (t: Translation, depth: number, va: number): number => {
  const size = 2 ** t.shift[depth]!;
  return (Math.floor(va / size) + 1) * size;
};

/** An address as the kernel prints it: sixteen hexadecimal digits. */
export function vaText(va: number): string {
  return BigInt.asUintN(64, BigInt(va)).toString(16).padStart(16, '0');
}

/**
 * The number for an address given in hexadecimal, with or without 0x: kernel addresses become negative. Safe integers,
 * and below -2^53 (x86-64 with 5 levels) addresses of pages, which are exact as well.
 * @throws RangeError for text that is not a 64-bit address, or for an address in user space
 */
export function parseVa(text: string): number {
  const digits = text.replace(/^0x/i, '');
  if (!/^[0-9a-f]{1,16}$/i.test(digits)) throw new RangeError(`${text} is not an address`);
  const va = Number(BigInt.asIntN(64, BigInt(`0x${digits}`)));
  const pageOf5Levels = va >= -(2 ** 56) && va < 0 && vaText(va) === digits.padStart(16, '0').toLowerCase();
  if (!Number.isSafeInteger(va) && !(pageOf5Levels && va % 4096 === 0)) {
    throw new RangeError(`${text} is in no half of the address space`);
  }
  return va;
}
