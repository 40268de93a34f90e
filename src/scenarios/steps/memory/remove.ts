import { z } from 'zod';
import { stepKind } from '../common/kind.ts';
import { lacksFunction } from '../common/lacks.ts';
import { range, rangeArguments, rangeOf, result } from '../common/values.ts';

export const remove = stepKind({
  schema: z.strictObject({ ...range, ...result }).meta({ description: 'remove_memory()' }),
  text: (step) => `remove_memory(${rangeArguments(step)})`,
  run: (session, step) => session.call(session.kernel.remove_memory(...rangeOf(step))),
});

export const offline_and_remove = stepKind({
  schema: z
    .strictObject({ ...range, ...result })
    .meta({ description: 'offline_and_remove_memory(), v5.8 and later' }),
  text: (step) => `offline_and_remove_memory(${rangeArguments(step)})`,
  lacks: ({ kernel }) => lacksFunction(kernel, 'offline_and_remove_memory'),
  run: (session, step) => session.call(session.kernel.offline_and_remove_memory(...rangeOf(step))),
});
