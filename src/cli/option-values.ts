import { InvalidArgumentError } from 'commander';
import { currentName } from '../releases/former-names.ts';

/** Values of options as commander parses them. */

/** Names with commas between them; the option may be repeated. */
export const list = (text: string, all: readonly string[] = []): string[] => [
  ...all,
  ...text.split(',').map((name) => name.trim()),
];

/** Releases by their current or former names. */
export const releaseList = (text: string, all: readonly string[] = []): string[] =>
  list(text, all).map(currentName);

export function whole(least: number, most = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return (text) => {
    const value = /^\d{1,16}$/.test(text) ? Number(text) : -1;
    if (value >= least && value <= most) return value;
    throw new InvalidArgumentError(`It takes a whole number from ${least} to ${most}.`);
  };
}

export function seconds(text: string): number {
  if (/^\d{1,9}(\.\d{1,9})?$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It takes a number of seconds, 0 or more.');
}
