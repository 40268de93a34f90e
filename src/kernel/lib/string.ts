import type { Steps } from '../../steps/step.ts';
import type { Kernel } from '../kernel.ts';

/** lib/string.c */

/** One trailing newline does not count. */
export const sysfs_streq = (a: string, b: string): boolean => a === b || a === `${b}\n`;

export const v5_2 = {
  /** A store to every page of the range, by the kernel itself. */
  *memset(this: Kernel, s: number, _c: number, count: number): Steps<void> {
    const { PAGE_SIZE } = this.c;
    for (let va = s; va < s + count; va = (Math.floor(va / PAGE_SIZE) + 1) * PAGE_SIZE)
      yield* this.$touch_kernel(va, true, 'memset');
  },
};
