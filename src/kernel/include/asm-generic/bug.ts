import type { Subjects } from '../../../steps/failure.ts';
import type { Steps } from '../../../steps/step.ts';
import type { Kernel } from '../../kernel.ts';
import { change, look, operation, pr_info, pr_warn } from '../../ops.ts';
import type { State } from '../../state.ts';

export const has_warned = operation({
  name: 'has_warned',
  obj: 'warned',
  writes: false,
  tell: (_, warned) => ({ kind: 'reads', what: '__warned', value: warned }),
  run: (state: State, where: string): boolean => state.vars.get(0)!.warned.includes(where),
});

export const set_warned = operation({
  name: 'set_warned',
  obj: 'warned',
  writes: true,
  tell: () => ({ kind: 'writes', what: '__warned', value: true }),
  changes: ['vars'],
  run: (state: State, where: string): void => {
    const vars = state.vars.get(0)!;
    vars.warned = [...vars.warned, where];
  },
});

/** WARN_ONCE(): the first time in a boot. */
export function* WARN_ONCE(k: Kernel, where: string, text: string): Steps<void> {
  if (yield* look(has_warned, where)) return;
  yield* change(set_warned, where);
  yield* k.WARN(where, text);
}

export const v5_2 = {
  *WARN(this: Kernel, where: string, text = '', about?: Subjects): Steps<void> {
    yield { op: 'warn', where, text, ...(about ? { about } : {}) };
  },

  /** WARN_ON_ONCE: each place warns once per boot. */
  *WARN_ON_ONCE(this: Kernel, where: string): Steps<void> {
    if (yield* look(has_warned, where)) return;
    yield* change(set_warned, where);
    yield { op: 'warn', where, text: '' };
  },

  /** A message of which the kernel remembers in a static variable that it has been printed. */
  *$pr_warn_once(this: Kernel, where: string, text: string): Steps<void> {
    if (yield* look(has_warned, where)) return;
    yield* change(set_warned, where);
    yield* pr_warn(text);
  },

  *$pr_info_once(this: Kernel, where: string, text: string): Steps<void> {
    if (yield* look(has_warned, where)) return;
    yield* change(set_warned, where);
    yield* pr_info(text);
  },

  /** The thread ends here. */
  *BUG(this: Kernel, where: string, text = '', about?: Subjects): Steps<never> {
    yield { op: 'bug', where, text, ...(about ? { about } : {}) };
    throw new Error(`resumed after BUG in ${where}`);
  },
};
