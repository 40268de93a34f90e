import { z } from 'zod';
import { tails } from '../mem-checks.ts';
import { memStepKind } from './kind.ts';
import { orderOf, pageOf, pfnOf, range, rangeText, result } from './values.ts';

export const prep = memStepKind({
  schema: z
    .strictObject({ ...range, ...result })
    .meta({ description: 'gather_bootmem_prealloc(): pages set aside become a huge page' }),
  call: (model, { start, size }) => {
    const { kernel, world } = model;
    const { c } = kernel;
    const [page, order] = [pageOf(model, start), orderOf(c, size)];
    return {
      text: `gather_bootmem_prealloc ${rangeText(start, size)}`,
      thread: () => kernel.gather_bootmem_prealloc(page, order),
      after: () => tails(world, c, pfnOf(c, start), 2 ** order),
      order,
    };
  },
});
