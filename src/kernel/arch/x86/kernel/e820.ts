import type { Steps } from '../../../../steps/step.ts';
import type { Kernel } from '../../../kernel.ts';
import { look, operation } from '../../../ops.ts';
import type { State } from '../../../state.ts';

/** arch/x86/kernel/e820.c */

const mapped_any = operation({
  name: 'mapped_any',
  obj: 'e820_table_firmware',
  writes: false,
  run: (state: State, start: number, end: number, type: string): boolean =>
    state.e820_table_firmware.some((e) => e.type === type && e.start <= end && e.end >= start),
});

export const v5_2 = {
  /** Whether any byte of [start, end] is in the firmware's original map, which `mem=` does not change. */
  *e820__mapped_raw_any(this: Kernel, start: number, end: number, type: string): Steps<boolean> {
    return yield* look(mapped_any, start, end, type);
  },
};
