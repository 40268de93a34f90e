import type { z } from 'zod';
import { quote } from '../../errors/input-error.ts';

interface Issue {
  readonly path: readonly PropertyKey[];
  readonly message: string;
  readonly code?: string | undefined;
  readonly keys?: readonly string[];
}

/** The first error of a schema: its place ("steps[3].ops[0].errno") and text. */
export function placeOf(error: z.ZodError): { readonly path: string; readonly what: string } {
  const issue: Issue = error.issues[0] ?? { path: [], message: 'is not valid' };
  const { keys = [] } = issue;
  if (keys.length > 0) {
    const what = `unrecognized key${keys.length > 1 ? 's' : ''}: ${keys.slice(0, MAX_KEYS).map(quote).join(', ')}`;
    return { path: pathText(issue.path), what: keys.length > MAX_KEYS ? `${what}, …` : what };
  }
  const message = issue.message.charAt(0).toLowerCase() + issue.message.slice(1);
  return { path: pathText(issue.path), what: message };
}

/** At most this many unknown keys are named. */
const MAX_KEYS = 3;

function pathText(path: readonly PropertyKey[]): string {
  let text = '';
  for (const key of path) {
    if (typeof key === 'number') text += `[${key}]`;
    else text += `${text === '' ? '' : '.'}${String(key)}`;
  }
  return text;
}
