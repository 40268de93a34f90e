import { UserError } from '../../errors/user-error.ts';
import type { Steps } from '../../steps/step.ts';
import type { Kernel } from '../kernel.ts';
import { change, look, operation } from '../ops.ts';
import type { State } from '../state.ts';

/** Messages, assertions and injected failures, for all functions. */

/** The kernel takes a path that is not modelled. */
export class NotModelled extends UserError {
  override readonly name = 'NotModelled';
}

const armed = operation({
  name: 'armed',
  obj: 'fail_alloc',
  writes: false,
  tell: () => ({ kind: 'books' }),
  run: (state: State, site: string): boolean => (state.vars.get(0)!.fail_alloc[site] ?? 0) > 0,
});

const consume_failure = operation({
  name: 'consume_failure',
  obj: 'fail_alloc',
  writes: true,
  tell: ([site], fails) => ({ kind: 'does', what: `should_fail(${site})`, value: fails }),
  changes: ['vars'],
  run: (state: State, site: string): boolean => {
    const vars = state.vars.get(0)!;
    const after = vars.fail_after[site] ?? 0;
    if (after > 0) vars.fail_after = { ...vars.fail_after, [site]: after - 1 };
    else vars.fail_alloc = { ...vars.fail_alloc, [site]: (vars.fail_alloc[site] ?? 0) - 1 };
    return after === 0;
  },
});

export const v5_2 = {
  /** Whether the allocation at this site fails now (fault injection). */
  *$should_fail(this: Kernel, site: string): Steps<boolean> {
    return (yield* this.$failure(site)) === 'now';
  },

  /** Whether an allocation at this site fails now, or one after it will. */
  *$failure(this: Kernel, site: string): Steps<'now' | 'later' | 'never'> {
    if (!(yield* look(armed, site))) return 'never';
    return (yield* change(consume_failure, site)) ? 'now' : 'later';
  },
};
