import type { Steps } from '../../../steps/step.ts';
import type { Kernel } from '../../kernel.ts';
import { usage_steps } from '../../mm/sparse.ts';
import { change, forget, look, operation } from '../../ops.ts';
import type { State } from '../../state.ts';

const free_deferred = operation({
  name: 'free_deferred',
  obj: 'kfree_rcu',
  writes: true,
  run: (state: State, batch: readonly number[]): void => {
    state.kfree_rcu = state.kfree_rcu.filter((nr) => !batch.includes(nr));
  },
});

export const v6_8 = {
  /** The thread that waits for grace periods and frees what was passed to kfree_rcu() before they began. */
  *rcu_do_batch(this: Kernel): Steps<never> {
    for (;;) {
      yield* forget('rcu_do_batch');
      const batch = yield* look(usage_steps.any_kfree_rcu);
      yield { op: 'synchronize_rcu', rcu: 'rcu' };
      yield* change(free_deferred, batch);
    }
  },
};
