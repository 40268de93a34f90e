import { z } from 'zod';
import { returned } from '../running/result.ts';
import { differs, stepKind } from './common/kind.ts';
import { text, word } from './common/values.ts';

export const expect = stepKind({
  schema: z
    .strictObject({ path: word, text: text.nullable() })
    .meta({ description: 'A file of /proc or /sys reads as this; null: it is not there' }),
  text: (step) => `expect ${step.path}`,
  run: () => returned(0),
  judge: (session, { path, text }) => {
    const entry = session.read(path);
    const found = entry === null ? null : entry.kind === 'file' ? entry.text : entry.kind;
    const same = found === null || text === null ? found === text : found.trimEnd() === text.trimEnd();
    return same ? [] : [`${path} reads ${JSON.stringify(found)}, expected ${JSON.stringify(text)}`];
  },
  answer: differs,
});
