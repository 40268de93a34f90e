import type { Steps } from '../../../steps/step.ts';
import type { Kernel } from '../../kernel.ts';

export const v5_2 = {
  /** Written to the log only if dynamic debug is on for the source file. */
  *pr_debug(this: Kernel, file: string, text: string): Steps<void> {
    if (this.c.dyndbg.includes(file)) yield { op: 'printk', level: 7, text };
  },
};
