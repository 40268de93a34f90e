import type { Failure, Subjects } from '../steps/failure.ts';
import type { Described } from '../steps/failure-schema.ts';
import type { Entry } from './entry.ts';
import type { Variation } from './variation.ts';

/** Machine and layout are those of the entry's file. */
export const asWritten = (variation: Variation): boolean => Object.keys(variation).length === 0;

/** What the entry says of the release is about this run. */
const spokenOf = ({ release, fixed }: Entry, name: string, variation: Variation): boolean =>
  asWritten(variation) && (name === release || fixed.includes(name));

/** Subjects are plain data. */
const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

/**
 * Whether a failure is of this kind and has all these subjects; what else it is about does not count. `text` is how a kernel's
 * message begins. Subjects named in `unknown` may be missing yet.
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

/** Whether a failure is the one the entry names, on whatever release and in whatever geometry. */
export const isMeant = (entry: Pick<Entry, 'failure'>, failure: Failure): boolean =>
  entry.failure !== null && describes(entry.failure, failure);

/**
 * Whether a failure says no more than that the steps cannot be done here: blocks are of another size or have other numbers, so that
 * an operation is refused that was to succeed, or the other way round.
 */
export const doesNotFit = (
  entry: Entry,
  release: string,
  variation: Variation,
  { kind, subjects }: Failure,
): boolean => !spokenOf(entry, release, variation) && kind === 'expectation' && subjects.what === 'result';
