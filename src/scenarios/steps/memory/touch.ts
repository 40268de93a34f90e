import { z } from 'zod';
import type { Kernel } from '../../../kernel/kernel.ts';
import type { Steps } from '../../../steps/step.ts';
import { stepKind } from '../common/kind.ts';
import { pfnsOf, range, rangeText, result } from '../common/values.ts';

function* clear(kernel: Kernel, [first, end]: readonly [number, number]): Steps<number> {
  yield* kernel.$clear_pages(first, end - first);
  return 0;
}

export const touch = stepKind({
  schema: z
    .strictObject({ ...range, ...result })
    .meta({ description: 'The kernel clears the pages of a range through its linear map' }),
  text: (step) => `clear the pages of ${rangeText(step)}`,
  lacks: ({ state, kernel }) => (state.mmu ? null : `not modelled: the linear map of ${kernel.c.arch}`),
  run: (session, step) => session.call(clear(session.kernel, pfnsOf(step, session.kernel.c.PAGE_SIZE))),
});
