import { z } from 'zod';
import { singles } from '../mem-checks.ts';
import { memStepKind } from './kind.ts';
import { orderOf, pageOf, pfnOf, range, rangeText, result } from './values.ts';

export const free = memStepKind({
  schema: z.strictObject({ ...range, ...result }).meta({ description: 'update_and_free_page()' }),
  call: (model, { start, size }) => {
    const { kernel, world } = model;
    const { c } = kernel;
    const [page, order] = [pageOf(model, start), orderOf(c, size)];
    return {
      text: `update_and_free_page ${rangeText(start, size)}`,
      thread: () => kernel.update_and_free_page(page, order),
      after: () => singles(world, pfnOf(c, start), 2 ** order),
    };
  },
});
