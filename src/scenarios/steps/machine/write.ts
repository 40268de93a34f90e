import { z } from 'zod';
import { stepKind } from '../common/kind.ts';
import { result, text, word } from '../common/values.ts';

export const write = stepKind({
  schema: z
    .strictObject({ path: word, value: text, ...result })
    .meta({ description: 'Write a text to a file of sysfs' }),
  text: (step) => `echo ${step.value.trim()} > ${step.path}`,
  run: (session, step) => session.write(step.path, step.value),
  offlines: ({ kernel }, { path, value }) => {
    const [, block, file] = /\/memory(\d+)\/(state|online)$/.exec(path) ?? [];
    const offline = file === 'state' ? value.trim() === 'offline' : value.trim() === '0';
    const bytes = kernel.c.memory_block_size_bytes;
    return block !== undefined && offline ? [Number(block) * bytes, bytes] : null;
  },
});
