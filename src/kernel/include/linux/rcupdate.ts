import type { Steps } from '../../../steps/step.ts';
import type { Kernel } from '../../kernel.ts';
import { change, operation } from '../../ops.ts';
import type { State } from '../../state.ts';

const defer_free = operation({
  name: 'defer_free',
  obj: 'kfree_rcu',
  writes: true,
  run: (state: State, nr: number): void => {
    state.kfree_rcu = [...state.kfree_rcu.filter((other) => other !== nr), nr].sort((a, b) => a - b);
  },
});

export const v6_8 = {
  /**
   * Frees the usage of section `nr` (mm/sparse.c is the only user of kfree_rcu() here). If no other thread runs, there
   * is no reader to wait for.
   */
  *kfree_rcu(this: Kernel, nr: number): Steps<void> {
    yield* change(defer_free, nr);
  },
};
