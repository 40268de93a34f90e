import type { Kernel } from '../../kernel/kernel.ts';
import type { Steps } from '../../steps/step.ts';
import { defineRelease } from '../define.ts';
import { v7_2 } from '../mainline/v7.2.ts';

/** B125b: a new root is copied, and somewhat later it is on the list. */
export const B125b_mutant = defineRelease({
  name: 'v7.2-B125b',
  base: v7_2,
  about: '7.2.13 whose pgd_alloc() of x86-64 does not take pgd_lock',
  arch: {
    x86_64: {
      *pgd_alloc(this: Kernel, mm: number): Steps<void> {
        yield* this.pgd_ctor(mm);
      },
    },
  },
});
