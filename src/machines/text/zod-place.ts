import type { z } from 'zod';
import { quote } from '../../errors/input-error.ts';

type Issue = z.core.$ZodIssue;

/** The first error of a schema: its place ("steps[3].ops[0].errno") and text. */
export function placeOf(
  error: z.ZodError,
  input?: unknown,
): { readonly path: string; readonly what: string } {
  const [issue] = error.issues;
  if (!issue) return { path: '', what: 'is not valid' };
  return { path: pathText(issue.path), what: issueText(issue, input) };
}

/** The text of an error of a schema; `input` is what was held against it. */
export function issueText(issue: Issue, input?: unknown): string {
  if (issue.path.length > 0 && isObject(input) && at(input, issue.path) === undefined) return 'is missing';
  const { message } = issue;
  return message.charAt(0).toLowerCase() + message.slice(1);
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;

function at(input: unknown, path: readonly PropertyKey[]): unknown {
  let value: unknown = input;
  for (const key of path) value = isObject(value) ? (value as Record<PropertyKey, unknown>)[key] : undefined;
  return value;
}

/** At most this many unknown keys are named. */
const MAX_KEYS = 3;

function unknownKeys(keys: readonly string[]): string {
  const what = `unrecognized key${keys.length > 1 ? 's' : ''}: ${keys.slice(0, MAX_KEYS).map(quote).join(', ')}`;
  return keys.length > MAX_KEYS ? `${what}, …` : what;
}

const KINDS: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  bigint: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  tuple: 'a list',
  object: 'a mapping',
  record: 'a mapping',
};

function kindOf(input: unknown): string {
  if (input === null || input === undefined || typeof input === 'boolean') return String(input);
  return KINDS[Array.isArray(input) ? 'array' : typeof input]!;
}

const count = (n: number | bigint, what: string): string => `${n} ${what}${Number(n) === 1 ? '' : 's'}`;

function tooSmall(origin: string, least: number | bigint, inclusive: boolean): string {
  if (origin === 'string') return least === 1 ? 'is empty' : `is shorter than ${count(least, 'character')}`;
  if (KINDS[origin] === 'a number' || origin === 'int')
    return `is ${inclusive ? 'below' : 'not above'} ${least}`;
  return least === 1 ? 'is empty' : `has fewer than ${count(least, 'item')}`;
}

function tooBig(origin: string, most: number | bigint, inclusive: boolean): string {
  if (origin === 'string') return `is longer than ${count(most, 'character')}`;
  if (KINDS[origin] === 'a number' || origin === 'int')
    return `is ${inclusive ? 'above' : 'not below'} ${most}`;
  return `has more than ${count(most, 'item')}`;
}

/** What a schema says of a value, for those of its parts that have no words of their own. */
function words(issue: z.core.$ZodRawIssue): string | undefined {
  switch (issue.code) {
    case 'invalid_type':
      if (issue.input === undefined) return 'is missing';
      return typeof issue.input === 'number' && issue.expected === 'int'
        ? 'is no whole number'
        : `is ${kindOf(issue.input)}, not ${KINDS[issue.expected] ?? issue.expected}`;
    case 'invalid_value':
      return issue.values.length === 1
        ? `is not ${JSON.stringify(issue.values[0])}`
        : `is not one of ${issue.values.map(String).join(', ')}`;
    case 'too_small':
      return tooSmall(issue.origin, issue.minimum, issue.inclusive !== false);
    case 'too_big':
      return tooBig(issue.origin, issue.maximum, issue.inclusive !== false);
    case 'unrecognized_keys':
      return unknownKeys(issue.keys);
    case 'invalid_key':
      return issue.issues[0]?.message;
    default:
      return undefined;
  }
}

/** For `safeParse(value, IN_WORDS)`: the errors of a schema in the words of this program. */
export const IN_WORDS = { error: words };

function pathText(path: readonly PropertyKey[]): string {
  let text = '';
  for (const key of path) {
    if (typeof key === 'number') text += `[${key}]`;
    else text += `${text === '' ? '' : '.'}${String(key)}`;
  }
  return text;
}
