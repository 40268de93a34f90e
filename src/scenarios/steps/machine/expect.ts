import { z } from 'zod';
import { returned } from '../../running/result.ts';
import { differs, stepKind } from '../common/kind.ts';
import { lacksFunction } from '../common/lacks.ts';
import { unexpected } from '../common/unexpected.ts';
import { text, word } from '../common/values.ts';

/** The number of the memory block to which a file belongs, if it belongs to one. */
function blockOf(path: string): { readonly block?: number } {
  const nr = /\/memory(\d+)(?:\/|$)/.exec(path)?.[1];
  return nr === undefined ? {} : { block: Number(nr) };
}

const wordsOf = (line: string): readonly string[] => line.trim().split(/\s+/);

/** Blanks count as one, as the kernel aligns what it prints. */
function judgeLine(path: string, line: string, found: string) {
  const lines = found.split('\n').map((one) => wordsOf(one).join(' '));
  const expected = wordsOf(line).join(' ');
  if (lines.includes(expected)) return [];
  const like = lines.find((one) => wordsOf(one)[0] === wordsOf(line)[0]) ?? null;
  const wrong = `${path} has ${JSON.stringify(like)}, expected ${JSON.stringify(expected)}`;
  return [unexpected('line of a file', { path, found: like, expected }, wrong)];
}

export const expect = stepKind({
  schema: z
    .strictObject({ path: word, text: text.nullable().optional(), line: text.optional() })
    .refine(({ text, line }) => (text === undefined) !== (line === undefined), 'either "text" or "line"')
    .meta({
      description: 'A file of /proc or /sys reads as this; null: it is not there; `line`: it has this line',
    }),
  text: (step) => `expect ${step.path}`,
  lacks: ({ kernel }, { path }) =>
    path === '/proc/vmstat' ? lacksFunction(kernel, 'memmap_pages_add') : null,
  run: () => returned(0),
  judge: (session, step) => {
    const { path, line, text = null } = step;
    const entry = session.read(path);
    const found = entry === null ? null : entry.kind === 'file' ? entry.text : entry.kind;
    if (line !== undefined) return judgeLine(path, line, found ?? '');
    const same = found === null || text === null ? found === text : found.trimEnd() === text.trimEnd();
    if (same) return [];
    const subjects = { path, found, expected: text, ...blockOf(path) };
    const wrong = `${path} reads ${JSON.stringify(found)}, expected ${JSON.stringify(text)}`;
    return [unexpected('file', subjects, wrong)];
  },
  answer: differs,
});
