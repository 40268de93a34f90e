import { z } from 'zod';
import { copied } from '../mem-checks.ts';
import { memStepKind } from './kind.ts';
import { hex, orderOf, pageOf, pfnOf, rangeText, result, size } from './values.ts';

export const copy = memStepKind({
  schema: z
    .strictObject({ from: size, to: size, size, ...result })
    .meta({ description: 'hugetlb_cow(): its memory is copied' }),
  call: (model, step) => {
    const { kernel, world } = model;
    const { c } = kernel;
    const [dst, src, order] = [pageOf(model, step.to), pageOf(model, step.from), orderOf(c, step.size)];
    return {
      text: `hugetlb_cow ${rangeText(step.from, step.size)} to ${hex(step.to)}`,
      thread: () => kernel.hugetlb_cow(dst, src, order),
      after: () => copied(world, pfnOf(c, step.to), pfnOf(c, step.from), 2 ** order),
      order,
    };
  },
});
