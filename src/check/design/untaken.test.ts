import { expect, test } from 'vitest';
import type { Kernel, KernelFunctions } from '../../kernel/kernel.ts';
import { R, scoped } from '../../kernel/ops.ts';
import { defineRelease, type Overrides } from '../../releases/design.ts';
import { findRelease } from '../../releases/index.ts';
import type { Steps } from '../../steps/step.ts';
import { guardDesign } from './guard.ts';
import { watchDesign, watchExports, watchOwn } from './untaken.ts';

const { scoped: around, R: read } = watchExports({ scoped, R });
const helper = watchOwn('helper', function* () {
  yield* R('vars', 0, 'x' as never);
}) as () => Steps<void>;

type Body = (this: Kernel, base: KernelFunctions) => Steps<void>;

/** The steps of remove_pagetable() of a design with this body; throws its fault. */
function run(body: Body): string[] {
  const mm: Overrides = (base) => ({
    *remove_pagetable(this: Kernel) {
      yield* body.call(this, base);
    },
  });
  const design = guardDesign(defineRelease(watchDesign({ base: 'arm64-v5', mm })), {
    max_steps: 100,
    returns: new Map(),
  });
  const k = {
    ...findRelease('arm64-v5')!.functions('arm64'),
    ...design.functions('arm64'),
  } as unknown as Kernel;
  const steps = (k as unknown as { remove_pagetable: () => Steps<void> }).remove_pagetable();
  return [...steps].map(({ op }) => op);
}

const without: readonly (readonly [string, Body, string])[] = [
  [
    'of the base',
    function* (base) {
      base.synchronize_rcu.call(this);
    },
    'synchronize_rcu()',
  ],
  [
    'of the kernel',
    function* () {
      this.synchronize_rcu();
      yield* helper();
    },
    'synchronize_rcu()',
  ],
  [
    'of the module',
    function* () {
      helper();
    },
    'helper()',
  ],
  [
    'of mhp',
    function* () {
      read('vars', 0, 'x' as never);
    },
    'R()',
  ],
  [
    'kept',
    function* () {
      if (helper()) yield* helper();
    },
    'helper()',
  ],
  [
    'within others',
    function* () {
      around('a', helper());
    },
    'helper(), scoped()',
  ],
  [
    'of many',
    function* () {
      this.synchronize_rcu();
      helper();
      read('vars', 0, 'x' as never);
      around('a', helper());
    },
    'synchronize_rcu(), helper(), R() and others',
  ],
];

test.each(without)('a call whose steps are not taken is named: %s', (_, body, calls) => {
  expect(() => run(body)).toThrow(
    `remove_pagetable calls ${calls} and does not take the steps: write yield* before the call`,
  );
});

test('steps may be taken later, by another call, or one at a time', () => {
  const taken = run(function* (base) {
    const later = helper();
    yield* base.synchronize_rcu.call(this);
    yield* later;
    yield* around('a', helper());
    const one = helper();
    for (let next = one.next(); !next.done; next = one.next(0)) yield next.value;
  });
  expect(taken).toEqual(['synchronize_rcu', 'read', 'enter', 'read', 'leave', 'read']);
});
