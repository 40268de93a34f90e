import { z } from 'zod';
import type { MemModel } from '../../boot/memmap-boot.ts';
import { COUNT_SHIFT, PG_locked } from '../../kernel/world.ts';
import { type MemCall, memStepKind } from './kind.ts';
import { pageOf, pfnOf, range, rangeText } from './values.ts';

/** What users of pages do to each page of a range. */

function eachPage(
  model: MemModel,
  { start, size }: { readonly start: number; readonly size: number },
  text: string,
  change: (word: number) => number,
): MemCall {
  const { kernel, world } = model;
  const [first, n] = [pfnOf(kernel.c, start), pfnOf(kernel.c, size)];
  pageOf(model, start);
  return {
    text: `${text} ${rangeText(start, size)}`,
    *thread() {
      world.pages.update(first, first + n, change);
    },
  };
}

export const hold = memStepKind({
  schema: z
    .strictObject(range)
    .meta({ description: 'Someone has one more reference to each of these pages' }),
  call: (model, step) => eachPage(model, step, 'one more reference to', (word) => word + (1 << COUNT_SHIFT)),
});

export const lock = memStepKind({
  schema: z.strictObject(range).meta({ description: 'Someone has locked each of these pages' }),
  call: (model, step) => eachPage(model, step, 'locked:', (word) => word | PG_locked),
});
