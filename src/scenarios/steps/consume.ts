import { z } from 'zod';
import { askConsumer, consumer_names, consumers, lacksConsumer } from '../reserved/consumers.ts';
import { stepKind } from './common/kind.ts';
import { bytes, hex, result, size } from './common/values.ts';

const yesOrNo = (ret: number): string => (ret ? 'yes' : 'no');

export const consume = stepKind({
  schema: z
    .strictObject({
      consumer: z.enum(consumer_names),
      start: size,
      gives: z.enum(['yes', 'no']).optional(),
      ...result,
    })
    .meta({
      description:
        'A kernel function that decides by PG_reserved is asked about the page at `start`, v5.10 and before',
    }),
  text: (step) => `${step.consumer} of ${hex(bytes(step.start))}: ${consumers[step.consumer].asks}?`,
  lacks: ({ kernel }, step) => lacksConsumer(kernel, step.consumer),
  run: (session, step) =>
    askConsumer(session, step.consumer, Math.floor(bytes(step.start) / session.kernel.c.PAGE_SIZE)),
  judge: (_, step, { ret }) => {
    if (ret === null || step.gives === undefined || step.gives === yesOrNo(ret)) return [];
    const { asks } = consumers[step.consumer];
    return [`${step.consumer}(${hex(bytes(step.start))}): ${asks}? ${yesOrNo(ret)}, expected ${step.gives}`];
  },
  answer: ({ ret }, wrong) => (wrong.length ? 'differs' : ret === null ? null : yesOrNo(ret)),
});
