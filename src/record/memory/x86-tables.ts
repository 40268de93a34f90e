import type { GuestRam } from './guest-ram.ts';

/** The page tables of x86-64 from outside, as text: "va -> pa, count x size, attributes" (docs/recordings.md). */

export interface X86Geometry {
  /** Physical address of swapper_pg_dir. */
  readonly root: number;
  readonly levels: 4 | 5;
}

const SHIFTS = [12, 21, 30, 39, 48] as const;
const ADDRESS = (2n ** 52n - 1n) & ~4095n;

/** NX, global, large, dirty, accessed, cache disable, write through, user, writable; as `info tlb` of QEMU's monitor. */
export function attributes(entry: bigint, large: boolean): string {
  const bit = (n: number, letter: string): string => ((entry >> BigInt(n)) & 1n ? letter : '-');
  return [
    bit(63, 'X'),
    bit(8, 'G'),
    large ? 'P' : '-',
    bit(6, 'D'),
    bit(5, 'A'),
    bit(4, 'C'),
    bit(3, 'T'),
    bit(2, 'U'),
    bit(1, 'W'),
  ].join('');
}

export interface X86Leaf {
  readonly va: bigint;
  readonly pa: bigint;
  readonly size: number;
  readonly attr: string;
}

/** The leaves from `lo` up to `hi`, ascending. */
export function* x86Leaves(
  ram: GuestRam,
  lo: bigint,
  hi: bigint,
  { root, levels }: X86Geometry,
): Generator<X86Leaf> {
  function* walk(table: number, level: number, base: bigint): Generator<X86Leaf> {
    const shift = SHIFTS[level - 1]!;
    const size = 2 ** shift;
    const bytes = ram.read(table, 4096);
    for (let i = 0; i < 512; i++) {
      let va = base + (BigInt(i) << BigInt(shift));
      if (level === levels && i >= 256) va |= 2n ** 64n - (1n << BigInt(shift + 9));
      if (va + BigInt(size) <= lo || va >= hi) continue;
      const entry = bytes.readBigUInt64LE(i * 8);
      if ((entry & 1n) === 0n) continue;
      const large = level > 1 && (entry & 128n) !== 0n;
      if (level > 1 && !large) yield* walk(Number(entry & ADDRESS), level - 1, va);
      else
        yield {
          va,
          pa: entry & ADDRESS & ~(BigInt(size) - 1n),
          size,
          attr: attributes(entry, large),
        };
    }
  }
  yield* walk(root, levels, 0n);
}

interface Run {
  readonly va: bigint;
  readonly pa: bigint;
  readonly size: number;
  readonly attr: string;
  count: number;
}

/** One line a run of leaves that continue each other; `about` says what a run is for. */
export function x86TableText(
  leaves: Iterable<X86Leaf>,
  about: (va: bigint, bytes: number) => string,
): string {
  const runs: Run[] = [];
  for (const leaf of leaves) {
    const last = runs.at(-1);
    const behind = last && BigInt(last.count * last.size);
    if (
      last &&
      last.size === leaf.size &&
      last.attr === leaf.attr &&
      last.va + behind! === leaf.va &&
      last.pa + behind! === leaf.pa
    )
      last.count++;
    else runs.push({ ...leaf, count: 1 });
  }
  const lines = runs.map(
    ({ va, pa, size, attr, count }) =>
      `${va.toString(16)} -> ${pa.toString(16).padStart(9, '0')} ${count} x ${size / 1024}K ${attr} ${about(va, count * size)}`,
  );
  return ['# va -> pa, count x size, attributes (P = large)', ...lines, ''].join('\n');
}
