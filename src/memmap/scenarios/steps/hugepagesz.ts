import { z } from 'zod';
import { BadOperation } from '../../../errors/bad-operation.ts';
import { memStepKind } from './kind.ts';
import { result, size } from './values.ts';

export const hugepagesz = memStepKind({
  schema: z.strictObject({ size, ...result }).meta({ description: 'hugepagesz= on the command line' }),
  call: ({ kernel }, step) => {
    if (kernel.c.arch === 'i386')
      throw new BadOperation('not modelled: hugepagesz= of i386, which has one size');
    return { text: `hugepagesz=${step.size}`, thread: () => kernel.$hugepagesz(step.size) };
  },
});
