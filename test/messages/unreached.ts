import { readFileSync } from 'node:fs';
import type { Message } from '../../src/messages/entry.ts';

/** The name of a message in unreached.json. */
export const nameOf = ({ file, fn, call, format, condition, releases = 'all' }: Message): string =>
  `${file} ${fn} ${call} ${format ?? condition ?? ''} (${releases})`;

const reasons = JSON.parse(readFileSync(new URL('unreached.json', import.meta.url), 'utf8')) as Readonly<
  Record<string, readonly string[]>
>;

/** Why reached.long.test.ts does not make the model print a message, by the name of the message. */
export const whyUnreached: ReadonlyMap<string, string> = new Map(
  Object.entries(reasons).flatMap(([reason, names]) => names.map((name) => [name, reason] as const)),
);
