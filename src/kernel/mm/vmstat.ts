import type { Steps } from '../../steps/step.ts';
import type { Kernel } from '../kernel.ts';
import { add } from '../ops.ts';
import type { State } from '../state.ts';

/** mm/vmstat.c: pages that hold struct pages of hot-added memory. page_ext, which counts here too, is not modelled. */

/** The modelled line of /proc/vmstat; the kernel prints the counter without a sign. */
export const vmstat = (state: State): string =>
  `nr_memmap_pages ${BigInt.asUintN(64, BigInt(state.vars.get(0)!.nr_memmap_pages))}\n`;

export const v6_11 = {
  *memmap_pages_add(this: Kernel, delta: number): Steps<void> {
    yield* add('vars', 0, 'nr_memmap_pages', delta);
  },
};
