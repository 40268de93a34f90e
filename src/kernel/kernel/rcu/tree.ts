import type { Steps, Value } from '../../../steps/step.ts';
import type { Kernel } from '../../kernel.ts';
import { change, forget, look, operation } from '../../ops.ts';
import type { rcu_head, State } from '../../state.ts';
import { NotModelled } from '../runtime.ts';

type Callback = (this: Kernel, head: Value) => Steps<unknown>;

/** The function of this name as a callback. */
export function callback(k: Kernel, func: string): Callback {
  const found = (k as unknown as Readonly<Record<string, Callback | undefined>>)[func];
  if (!found) throw new NotModelled(`call_rcu() of ${func}()`);
  return found;
}

export const queue_callback = operation({
  name: 'queue_callback',
  obj: 'rcu_callbacks',
  writes: true,
  tell: ([head, func]) => ({
    kind: 'does',
    what: func === null ? `kfree_rcu(usage of section ${String(head)})` : `call_rcu(head, ${func})`,
  }),
  run: (state: State, head: Value, func: string | null): void => {
    state.rcu_callbacks = [...state.rcu_callbacks, { head, func }];
  },
});

/** Takes the first `n` callbacks off the list. */
const dequeue_callbacks = operation({
  name: 'dequeue_callbacks',
  obj: 'rcu_callbacks',
  writes: true,
  tell: () => ({ kind: 'books' }),
  run: (state: State, n: number): void => {
    state.rcu_callbacks = state.rcu_callbacks.slice(n);
  },
});

const wait_for_callbacks = operation({
  name: 'wait_for_callbacks',
  obj: 'rcu_callbacks',
  writes: false,
  tell: () => ({ kind: 'books' }),
  ready: (state) => state.rcu_callbacks.length > 0,
  run: (state: State): readonly rcu_head[] => state.rcu_callbacks,
});

export const v5_2 = {
  /**
   * Calls `func` with `head` after a grace period. `func` is the name of a function of this kernel; `head`, the object
   * that embeds the rcu_head, is what `func` takes. If no other thread runs, there is no reader to wait for.
   */
  *call_rcu(this: Kernel, head: Value, func: string): Steps<void> {
    callback(this, func);
    yield* change(queue_callback, head, func);
  },

  /** Returns when every read section that is open now has been closed. */
  *synchronize_rcu(this: Kernel): Steps<void> {
    yield { op: 'synchronize_rcu', rcu: 'rcu' };
  },

  /** The softirq that waits for grace periods and calls what was passed to call_rcu() before they began. */
  *rcu_do_batch(this: Kernel): Steps<never> {
    for (;;) {
      yield* forget('rcu_do_batch');
      const batch = yield* look(wait_for_callbacks);
      yield* this.synchronize_rcu();
      yield* change(dequeue_callbacks, batch.length);
      for (const { head, func } of batch) if (func !== null) yield* callback(this, func).call(this, head);
    }
  },
};
