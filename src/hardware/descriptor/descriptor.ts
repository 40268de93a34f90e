/**
 * A translation table descriptor of VMSAv8-64, bit-exact (Arm ARM D8; asm/pgtable-hwdef.h), as two small numbers: the
 * address field (bits 47:12, as a number of bytes) and all other bits. Descriptors of consecutive pages then differ
 * only in the first number.
 */
export interface Descriptor {
  /** Bits 47:12 in place: a multiple of 4096 below 2^48. */
  readonly addr: number;
  /** Bits 11:0, and bits 63:48 shifted down to 27:12. */
  readonly attr: number;
}

export const INVALID: Descriptor = { addr: 0, attr: 0 };

/** Bit `n` of a descriptor as it appears in {@link Descriptor.attr}. Only for bits outside the address field. */
const bit = (n: number): number => (n < 12 ? 1 << n : 1 << (n - 48 + 12));

export const VALID = bit(0);
/** Level 0 to 2: a table; level 3: a page. */
export const TABLE_BIT = bit(1);
export const ATTR_INDEX_SHIFT = 2;
export const ATTR_INDEX_MASK = 7 << ATTR_INDEX_SHIFT;
export const AP_USER = bit(6);
export const AP_RDONLY = bit(7);
export const SH_INNER = 3 << 8;
export const AF = bit(10);
export const NG = bit(11);
export const GP = bit(50);
/** DBM: the kernel's PTE_WRITE. */
export const DBM = bit(51);
export const CONT = bit(52);
export const PXN = bit(53);
export const UXN = bit(54);
export const SW_DIRTY = bit(55);
export const SW_SPECIAL = bit(56);
export const SW_DEVMAP = bit(57);
export const PROT_NONE = bit(58);
/** In table descriptors. */
export const PXN_TABLE = bit(59);
export const UXN_TABLE = bit(60);

/** The 64-bit word. */
export const toWord = (d: Descriptor): bigint =>
  BigInt(d.attr & 0xfff) | BigInt(d.addr) | (BigInt(d.attr >>> 12) << 48n);

export function fromWord(word: bigint): Descriptor {
  const hi = Number(word >> 48n) & 0xffff;
  return { addr: Number(word & 0xfffffffff000n), attr: Number(word & 0xfffn) | (hi << 12) };
}

export const isNone = (d: Descriptor): boolean => d.addr === 0 && d.attr === 0;
export const isValid = (d: Descriptor): boolean => (d.attr & VALID) !== 0;
/** A table at a level that has tables, a page at level 3. */
export const isTable = (d: Descriptor): boolean => (d.attr & 3) === 3;
export const isBlock = (d: Descriptor): boolean => (d.attr & 3) === 1;

/**
 * Physical address a descriptor names. With 64K pages bits 15:12 are address bits 51:48; with LPA2 bits 9:8 are 51:50
 * and bits 49:48 stand in place.
 */
export function outputAddress(d: Descriptor, pageShift: number, lpa2 = false): number {
  if (pageShift === 16) return Math.floor(d.addr / 65536) * 65536 + ((d.addr / 4096) % 16) * 2 ** 48;
  if (!lpa2) return d.addr;
  return d.addr + ((d.attr >>> 12) & 3) * 2 ** 48 + ((d.attr >>> 8) & 3) * 2 ** 50;
}

/** The address field for a physical address below 2^48, or below 2^52 with 64K pages. */
export function addressField(pa: number, pageShift: number): number {
  return pageShift === 16 ? (pa % 2 ** 48) + Math.floor(pa / 2 ** 48) * 4096 : pa;
}
