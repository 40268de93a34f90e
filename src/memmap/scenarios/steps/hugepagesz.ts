import { z } from 'zod';
import { memStepKind } from './kind.ts';
import { result, size } from './values.ts';

export const hugepagesz = memStepKind({
  schema: z.strictObject({ size, ...result }).meta({ description: 'hugepagesz= on the command line' }),
  call: ({ kernel }, step) => ({
    text: `hugepagesz=${step.size}`,
    thread: () => kernel.$hugepagesz(step.size),
  }),
});
