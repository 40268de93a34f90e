import type { Failure, Subjects } from '../steps/failure.ts';
import type { Described } from '../steps/failure-schema.ts';
import type { Entry } from './entry.ts';
import type { Variation } from './variation.ts';

/** Whether machine and layout are those of the entry's file. */
export const asWritten = ({ runs: _, ...variation }: Variation): boolean =>
  Object.keys(variation).length === 0;

/** Whether the entry's statement about the release applies to this run. */
const spokenOf = ({ release, fixed }: Entry, name: string, variation: Variation): boolean =>
  asWritten(variation) && (name === release || fixed.includes(name));

/** Compares subjects, which are plain data. */
const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

/**
 * Whether a failure has this kind and all these subjects; further subjects do not matter. `text` is the beginning of
 * the kernel's message. Subjects named in `unknown` may be missing still.
 */
export function describes(
  { kind, subjects = {}, text }: Described,
  failure: Failure,
  unknown: readonly (keyof Subjects)[] = [],
): boolean {
  const is = ([name, value]: [string, unknown]): boolean => {
    const found = failure.subjects[name as keyof Subjects];
    return same(found, value) || (found === undefined && unknown.includes(name as keyof Subjects));
  };
  const says = text === undefined || (failure.subjects.message ?? '').startsWith(text);
  return kind === failure.kind && says && Object.entries(subjects).every(is);
}

/** Whether a failure is the one the entry names, on any release and in any geometry. */
export const isMeant = (entry: Pick<Entry, 'failure'>, failure: Failure): boolean =>
  entry.failure !== null && describes(entry.failure, failure);

/**
 * Whether a failure only means that the steps cannot be performed here: blocks have another size or other numbers, so
 * an operation is refused that should succeed, or the other way round.
 */
export const doesNotFit = (
  entry: Entry,
  release: string,
  variation: Variation,
  { kind, subjects }: Failure,
): boolean => !spokenOf(entry, release, variation) && kind === 'expectation' && subjects.what === 'result';
