import { z } from 'zod';
import { BadOperation } from '../../../errors/bad-operation.ts';
import { memStepKind } from './kind.ts';
import { hex, pageOf, pfnOf, range, rangeText, result, size } from './values.ts';

export const follow = memStepKind({
  schema: z
    .strictObject({ ...range, offset: size.default(0), length: size, ...result })
    .meta({ description: 'follow_hugetlb_page(): get_user_pages() of a part of it' }),
  call: (model, step) => {
    const { kernel } = model;
    const page = pageOf(model, step.start);
    const part = rangeText(step.offset, step.length);
    if (step.offset + step.length > step.size)
      throw new BadOperation(`${part} reaches past the page of ${hex(step.size)}`);
    const [first, n] = [pfnOf(kernel.c, step.offset), pfnOf(kernel.c, step.length)];
    return {
      text: `get_user_pages ${part} of the page at ${hex(step.start)}`,
      thread: () => kernel.follow_hugetlb_page(page, first, n),
    };
  },
});
