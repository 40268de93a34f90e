import { BadExpression, type Expression, parseCall, parseExpression } from './expression.ts';

/** A line of a thread: a call of a kernel function, or a condition for continuing. */
export type Statement =
  | {
      readonly kind: 'call';
      /** The name for the call's return value. */
      readonly into: string | null;
      readonly fn: string;
      readonly args: readonly Expression[];
      readonly text: string;
    }
  /** `need x`: without x, the thread ends here. `expect x`: without x, the line is a failure. */
  | { readonly kind: 'need' | 'expect'; readonly value: Expression; readonly text: string };

const WORD = /^(need|expect)\s+(.*)$/s;
const RESULT = /^(\w+)\s*=(?!=)/;
const INTO = /^([a-z]\w*)\s*=(?!=)\s*(.*)$/s;

/**
 * `area = vmalloc(PAGE_SIZE)`, `vfree(area)`, `need area`, `expect freed == 1`.
 * @throws BadExpression
 */
export function parseStatement(line: string): Statement {
  const text = line.trim();
  if (/^(need|expect)$/.test(text)) throw new BadExpression(`${text} takes a condition`);
  const word = WORD.exec(text);
  if (word) return { kind: word[1] as 'need' | 'expect', value: parseExpression(word[2]!), text: word[2]! };
  const into = INTO.exec(text);
  const result = RESULT.exec(text)?.[1];
  if (!into && result !== undefined)
    throw new BadExpression(`"${result}" is not a name: a small letter, then letters, digits and _`);
  return { kind: 'call', into: into?.[1] ?? null, ...parseCall(into?.[2] ?? text), text };
}
