import type { Kernel } from '../../kernel/kernel.ts';
import type { Steps } from '../../steps/step.ts';
import { defineRelease } from '../define.ts';
import { v5_4 } from '../mainline/v5.4.ts';

/** B80: a vetoed offline forgets to undo the isolation. */
export const B80_mutant = defineRelease({
  name: 'v5.4-B80',
  base: v5_4,
  about: '5.4.195 without undo_isolate_page_range',
  functions: {
    *undo_isolate_page_range(this: Kernel, _zone: number, _start: number, _end: number): Steps<void> {},
  },
});
