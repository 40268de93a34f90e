import { z } from 'zod';
import { zeroed } from '../mem-checks.ts';
import { memStepKind } from './kind.ts';
import { orderOf, pageOf, pfnOf, range, rangeText, result } from './values.ts';

export const clear = memStepKind({
  schema: z
    .strictObject({ ...range, ...result })
    .meta({ description: 'hugetlb_no_page(): its memory is zeroed' }),
  call: (model, { start, size }) => {
    const { kernel, world } = model;
    const { c } = kernel;
    const [page, order] = [pageOf(model, start), orderOf(c, size)];
    return {
      text: `hugetlb_no_page ${rangeText(start, size)}`,
      thread: () => kernel.hugetlb_no_page(page, order),
      after: () => zeroed(world, pfnOf(c, start), 2 ** order),
      order,
    };
  },
});
