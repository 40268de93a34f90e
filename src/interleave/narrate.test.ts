import { expect, test } from 'vitest';
import type { Kernel } from '../kernel/kernel.ts';
import { pr_info } from '../kernel/ops.ts';
import type { Steps } from '../steps/step.ts';
import type { PlacedStep } from '../steps/within.ts';
import { narrated } from './narrate.ts';

interface Small {
  zap(): Steps<void>;
  $drop(): Steps<void>;
  put(): Steps<void>;
}

const kernel = {
  memory_chain: [],
  *zap(this: Small): Steps<void> {
    yield* this.$drop();
  },
  *$drop(this: Small): Steps<void> {
    yield* pr_info('dropped');
    yield* this.put();
  },
  *put(): Steps<void> {
    yield* pr_info('put');
  },
} as unknown as Kernel & Small;

test("a step of the model's own method is told as one of the kernel function that called it", () => {
  const steps = [...narrated(kernel, (k) => (k as Kernel & Small).zap())] as readonly PlacedStep[];
  expect(steps.map(({ by }) => by!.map(({ fn }) => fn))).toEqual([['zap'], ['zap', 'put']]);
});
