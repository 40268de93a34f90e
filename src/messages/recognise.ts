import type { Message } from './entry.ts';
import { type Pattern, patternOf, type Reading } from './format.ts';
import { hasMessage } from './releases.ts';
import { messages } from './table.ts';

/** A line of a kernel's log that is in the table. */
export interface Recognised {
  readonly message: Message;
  /** The device that dev_*() names before the text, and its driver. */
  readonly device?: { readonly driver: string; readonly name: string };
  /** The values of the conversions by name; those of pr_cont() are not read. */
  readonly values: Readonly<Record<string, Reading>>;
}

/** The device of a dev_WARN() is not known to the model where a pagemap is made without one. */
const DEVICE = '(\\S*) (\\S+): ';
/** warn_alloc() puts the task's name before its caller's text, and the allocation behind it. */
const TASK = '(?:.{1,16}: )?';
const ALLOCATION = ', mode:\\S+, nodemask=(?:\\(null\\)|[-0-9,]*)(?:,cpuset=\\S+,mems_allowed=[-0-9,]*)?';

interface Matcher {
  readonly message: Message;
  readonly regexp: RegExp;
  readonly pattern: Pattern;
}

/** Whether a line is what a WARN_ON(), BUG_ON() or a like macro prints: no text of its own. */
export const isAssertion = ({ call }: Message): boolean => /WARN|BUG/.test(call);

function matcherOf(message: Message): Matcher | null {
  const { format, prefix = '', device, call, cont = [] } = message;
  if (format === undefined) return null;
  const pattern = patternOf(format);
  const front = device
    ? call.startsWith('dev_WARN')
      ? `(?:${DEVICE})?`
      : DEVICE
    : call === 'warn_alloc'
      ? TASK
      : escapedPrefix(prefix);
  const more = cont.map((one) => patternOf(one).source.replaceAll(/\((?!\?)/g, '(?:')).join('|');
  const back = call === 'warn_alloc' ? ALLOCATION : '';
  const tail = more === '' ? '' : `(?:${more})*`;
  return { message, pattern, regexp: new RegExp(`^${front}${pattern.source}${back}${tail}$`) };
}

const escapedPrefix = (prefix: string): string => patternOf(prefix.replaceAll('%', '%%')).source;

const matchers = messages.flatMap((message) => matcherOf(message) ?? []);

const named = ({ message, pattern }: Matcher, groups: readonly string[]): Record<string, Reading> =>
  Object.fromEntries(
    (message.names?.split(' ') ?? []).map((name, i) => [name, pattern.reads[i]!(groups[i]!)]),
  );

function match(matcher: Matcher, line: string): Recognised | null {
  // a line that pr_cont() ends has a blank more in the format
  const found = matcher.regexp.exec(line) ?? matcher.regexp.exec(`${line} `);
  if (!found) return null;
  const { message } = matcher;
  if (!message.device) return { message, values: named(matcher, found.slice(1)) };
  const [, driver, name, ...groups] = found as unknown as [
    string,
    string | undefined,
    string | undefined,
    ...string[],
  ];
  if (driver === undefined || name === undefined) return { message, values: named(matcher, groups) };
  if (!message.device.includes(driver)) return null;
  return { message, device: { driver, name }, values: named(matcher, groups) };
}

/**
 * The messages that a line of a kernel's log may be, without its time stamp: those of a release (`v6.1`, `6.1.192`), or of
 * any. Where several have the form of the line, those with the most literal text.
 */
export function recognise(line: string, release?: string): Recognised[] {
  const found = matchers.flatMap((matcher) => {
    if (release !== undefined && !hasMessage(matcher.message, release)) return [];
    const one = match(matcher, line);
    return one ? [{ one, literal: matcher.pattern.literal }] : [];
  });
  const most = Math.max(...found.map(({ literal }) => literal));
  return found.filter(({ literal }) => literal === most).map(({ one }) => one);
}

/** The WARN_ON(), BUG_ON() and the like of a function, in a release or any; with this condition, if one is given. */
export const assertionsOf = (
  fn: string,
  kind: 'warn' | 'bug',
  release?: string,
  condition?: string,
): Message[] =>
  messages.filter(
    (message) =>
      message.fn === fn &&
      message.call.includes(kind === 'warn' ? 'WARN' : 'BUG') &&
      message.format === undefined &&
      (condition === undefined || message.condition === condition) &&
      (release === undefined || hasMessage(message, release)),
  );
