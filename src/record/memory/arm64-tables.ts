import type { GuestRam } from './guest-ram.ts';

/** The page tables of arm64 from outside, in the form of tables/*.json (docs/recordings.md). */

export interface Arm64Geometry {
  /** Bytes. */
  readonly page_size: number;
  readonly va_bits: number;
  /** Physical address of swapper_pg_dir. */
  readonly root: number;
  /** Whether descriptors have output addresses of 52 bits: FEAT_LPA with 64K pages, FEAT_LPA2 with others. */
  readonly pa52: boolean;
}

/** The output address of a descriptor. */
export function arm64Address(entry: bigint, { page_size, pa52 }: Arm64Geometry): bigint {
  const page = ~(BigInt(page_size) - 1n);
  if (!pa52) return entry & (2n ** 48n - 1n) & page;
  if (page_size === 65_536) return (entry & (2n ** 48n - 1n) & page) | (((entry >> 12n) & 15n) << 48n);
  return (entry & (2n ** 50n - 1n) & page) | (((entry >> 8n) & 3n) << 50n);
}

/** Names of tables by hardware level; a table at level 0 is not the root only if there are five levels. */
const LEVELS = ['P4D', 'PUD', 'PMD', 'PTE'] as const;
const hexOf = (n: bigint | number): string => `0x${n.toString(16)}`;
const MASK = 2n ** 64n - 1n;

function sizeName(size: number): string {
  for (const [unit, letter] of [
    [2 ** 30, 'G'],
    [2 ** 20, 'M'],
  ] as const)
    if (size % unit === 0) return `${size / unit}${letter}`;
  return `${size / 1024}K`;
}

/** The attributes of a leaf as text. */
export function attributes(descriptor: bigint): string {
  const bit = (n: number): boolean => ((descriptor >> BigInt(n)) & 1n) === 1n;
  const field = (n: number, width: number): number =>
    Number((descriptor >> BigInt(n)) & ((1n << BigInt(width)) - 1n));
  const ap = field(6, 2);
  return [
    `AP=${ap}`,
    `${ap & 2 ? 'RO' : 'RW'}-EL${ap & 1 ? 0 : 1}`,
    bit(53) && 'PXN',
    bit(54) && 'UXN',
    bit(10) && 'AF',
    bit(11) ? 'nG' : 'G',
    bit(50) && 'GP',
    bit(52) && 'CONT',
    bit(55) && 'sw55(DIRTY)',
    bit(56) && 'sw56',
    bit(57) && 'sw57',
    bit(58) && 'sw58',
    `SH${field(8, 2)}`,
    `ATTR${field(2, 3)}`,
  ]
    .filter((word) => word !== false)
    .join(' ');
}

interface Leaf {
  readonly va: bigint;
  readonly pa: bigint;
  size: number;
  readonly leaf: string;
  readonly attr: string;
}

/** Walks the addresses from `lo` up to `hi`, which are kernel addresses as unsigned numbers; `hi` may be 2^64. */
export function arm64Tables(ram: GuestRam, name: string, lo: bigint, hi: bigint, g: Arm64Geometry): unknown {
  const shift = Math.log2(g.page_size);
  const stride = shift - 3;
  const levels = Math.ceil((g.va_bits - shift) / stride);
  const first = 4 - levels;
  const rootBits = g.va_bits - shift - stride * (levels - 1);
  const leaves: Leaf[] = [];
  const tables: { level: string; va: string; pa: string; valid: number; nonzero: number }[] = [];
  const addressOf = (descriptor: bigint): bigint => arm64Address(descriptor, g);
  const put = (va: bigint, descriptor: bigint, size: number, block: boolean): void => {
    const pa = addressOf(descriptor) & ~(BigInt(size) - 1n);
    const attr = attributes(descriptor);
    const leaf = `${sizeName(size)}-${block ? 'block' : 'page'}`;
    const last = leaves.at(-1);
    if (
      last &&
      last.leaf === leaf &&
      last.attr === attr &&
      last.va + BigInt(last.size) === va &&
      last.pa + BigInt(last.size) === pa
    )
      last.size += size;
    else leaves.push({ va, pa, size, leaf, attr });
  };
  const walk = (table: number, level: number, base: bigint): void => {
    const entryShift = shift + stride * (3 - level);
    const size = 2 ** entryShift;
    const count = level === first ? 2 ** rootBits : 2 ** stride;
    const bytes = ram.read(table, count * 8);
    if (level !== first) {
      let [valid, nonzero] = [0, 0];
      for (let i = 0; i < count; i++) {
        const word = bytes.readBigUInt64LE(i * 8);
        if (word !== 0n) nonzero++;
        if (word & 1n) valid++;
      }
      tables.push({ level: LEVELS[level]!, va: hexOf(base), pa: hexOf(table), valid, nonzero });
    }
    for (let i = 0; i < count; i++) {
      const va = base + (BigInt(i) << BigInt(entryShift));
      if (va + BigInt(size) <= lo || va >= hi) continue;
      const descriptor = bytes.readBigUInt64LE(i * 8);
      if ((descriptor & 1n) === 0n) continue;
      const isTable = level < 3 && (descriptor & 2n) !== 0n;
      if (!isTable) put(va, descriptor, size, level < 3);
      else walk(Number(addressOf(descriptor)), level + 1, va);
    }
  };
  walk(g.root, first, (MASK + 1n - (1n << BigInt(g.va_bits))) & MASK);
  const count = (level: string, empty: boolean): number =>
    tables.filter((table) => table.level === level && (!empty || table.nonzero === 0)).length;
  const byLevel = (empty: boolean): Record<string, number> =>
    Object.fromEntries(LEVELS.slice(first < 0 ? 0 : 1).map((level) => [level, count(level, empty)]));
  const mapped: Record<string, number> = {};
  for (const { leaf, size } of leaves) mapped[leaf] = (mapped[leaf] ?? 0) + size;
  return {
    name,
    lo: hexOf(lo),
    hi: hexOf(hi & MASK),
    ttbr: hexOf(g.root),
    geometry: {
      page_size: g.page_size,
      va_bits: g.va_bits,
      levels,
      root_level: first,
      root_entries: 2 ** rootBits,
    },
    table_pages: byLevel(false),
    empty_table_pages: byLevel(true),
    mapped_bytes_by_leaf_size: Object.fromEntries(
      Object.entries(mapped).map(([leaf, n]) => [leaf, hexOf(n)]),
    ),
    leaves: leaves.map(({ va, pa, size, leaf, attr }) => ({
      va: hexOf(va),
      pa: hexOf(pa),
      size: hexOf(size),
      leaf,
      attr,
      kind: 'leaf',
    })),
    tables,
  };
}
