import { z } from 'zod';
import { returned } from '../../running/result.ts';
import { differs, stepKind } from '../common/kind.ts';
import { unexpected } from '../common/unexpected.ts';
import { text, word } from '../common/values.ts';

/** The number of the memory block to which a file belongs, if it belongs to one. */
function blockOf(path: string): { readonly block?: number } {
  const nr = /\/memory(\d+)(?:\/|$)/.exec(path)?.[1];
  return nr === undefined ? {} : { block: Number(nr) };
}

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
    if (same) return [];
    const subjects = { path, found, expected: text, ...blockOf(path) };
    const wrong = `${path} reads ${JSON.stringify(found)}, expected ${JSON.stringify(text)}`;
    return [unexpected('file', subjects, wrong)];
  },
  answer: differs,
});
