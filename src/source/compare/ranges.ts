import type { vmem_altmap } from '../../kernel/kernel.ts';
import type { Prng } from '../../schedule/data/prng.ts';

/** A range of bytes or of pages. */
export interface Range {
  readonly start: number;
  readonly size: number;
}

export const G = 2 ** 30;

export const hex = (n: number): string => `0x${n.toString(16)}`;

export const pick = <T>(random: Prng, items: readonly T[]): T => items[random.below(items.length)]!;

/** Of a memmap that begins at a pfn; most of the time none. */
export function drawAltmap(random: Prng, pfn: number): vmem_altmap | null {
  if (random.below(3) > 0) return null;
  return {
    base_pfn: pfn,
    reserve: random.below(3),
    free: random.below(2) === 0 ? 1024 : random.below(8),
    align: 0,
    alloc: random.below(3),
  };
}
