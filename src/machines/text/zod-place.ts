import type { z } from 'zod';

interface Issue {
  readonly path: readonly PropertyKey[];
  readonly message: string;
  readonly code?: string | undefined;
}

/** The first error of a schema: its place ("steps[3].ops[0].errno") and text. */
export function placeOf(error: z.ZodError): { readonly path: string; readonly what: string } {
  const issue: Issue = error.issues[0] ?? { path: [], message: 'is not valid' };
  const message = issue.message.charAt(0).toLowerCase() + issue.message.slice(1);
  return { path: pathText(issue.path), what: message };
}

function pathText(path: readonly PropertyKey[]): string {
  let text = '';
  for (const key of path) {
    if (typeof key === 'number') text += `[${key}]`;
    else text += `${text === '' ? '' : '.'}${String(key)}`;
  }
  return text;
}
