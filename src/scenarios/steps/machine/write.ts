import { z } from 'zod';
import { stepKind } from '../common/kind.ts';
import { result, text, word } from '../common/values.ts';

export const write = stepKind({
  schema: z
    .strictObject({ path: word, value: text, ...result })
    .meta({ description: 'Write a text to a file of sysfs' }),
  text: (step) => `echo ${step.value.trim()} > ${step.path}`,
  run: (session, step) => session.write(step.path, step.value),
});
