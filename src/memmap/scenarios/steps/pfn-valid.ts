import { z } from 'zod';
import { memStepKind } from './kind.ts';
import { hex, pfnOf, result, size } from './values.ts';

export const pfn_valid = memStepKind({
  schema: z
    .strictObject({ start: size, is: z.boolean(), ...result })
    .meta({ description: 'pfn_valid() of the page at an address' }),
  call: ({ kernel }, step) => {
    const pfn = pfnOf(kernel.c, step.start);
    return {
      text: `pfn_valid(${hex(pfn)})`,
      *thread() {
        return (yield* kernel.pfn_valid(pfn)) === step.is ? 0 : -kernel.errno.EINVAL;
      },
    };
  },
});
