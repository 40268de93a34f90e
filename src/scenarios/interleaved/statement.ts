import {
  BadExpression,
  type Expression,
  parseCall,
  parseExpression,
  type Use,
  usesIn,
} from './expression.ts';

/** A line of a thread: a call of a kernel function, or a condition for continuing. */
export type Statement =
  | {
      readonly kind: 'call';
      /** The name for the call's return value. */
      readonly into: string | null;
      readonly fn: string;
      readonly args: readonly Expression[];
      readonly text: string;
      /** The names that its arguments use. */
      readonly uses: readonly Use[];
    }
  /** `need x`: without x, the thread ends here. `expect x`: without x, the line is a failure. */
  | {
      readonly kind: 'need' | 'expect';
      readonly value: Expression;
      readonly text: string;
      readonly uses: readonly Use[];
    };

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
  if (word) {
    const [, kind, condition] = word as unknown as [string, 'need' | 'expect', string];
    return { kind, value: parseExpression(condition), text: condition, uses: usesIn(condition) };
  }
  const into = INTO.exec(text);
  const result = RESULT.exec(text)?.[1];
  if (!into && result !== undefined)
    throw new BadExpression(`"${result}" is not a name: a small letter, then letters, digits and _`);
  const called = into?.[2] ?? text;
  const call = parseCall(called);
  return {
    kind: 'call',
    into: into?.[1] ?? null,
    ...call,
    text,
    uses: usesIn(called.slice(called.indexOf('('))),
  };
}

/** The name that a line gives to a result, whatever else is wrong with it. */
export const intoOf = (line: string): string | null => INTO.exec(line.trim())?.[1] ?? null;
