import type { Steps } from '../../../steps/step.ts';
import { queue_callback } from '../../kernel/rcu/tree.ts';
import type { Kernel } from '../../kernel.ts';
import { change } from '../../ops.ts';

export const v6_8 = {
  /**
   * Frees the usage of section `nr` after a grace period; mm/sparse.c is the only user of kfree_rcu() here. If no other
   * thread runs, there is no reader to wait for.
   */
  *kfree_rcu(this: Kernel, nr: number): Steps<void> {
    yield* change(queue_callback, nr, null);
  },
};
