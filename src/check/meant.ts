import type { Failure } from '../steps/failure.ts';
import type { Entry } from './entry.ts';
import type { Variation } from './variation.ts';
import { says_the_same } from './words.ts';

/** Machine and layout are those of the entry's file. */
export const as_written = (variation: Variation): boolean => Object.keys(variation).length === 0;

/** What the entry says of the release is about this run. */
const spoken_of = ({ release, fixed }: Entry, name: string, variation: Variation): boolean =>
  as_written(variation) && (name === release || fixed.includes(name));

/**
 * Whether a failure is the one the entry names: its very text where the entry speaks of this release, in its own geometry;
 * elsewhere the same but for addresses, counts and table levels.
 */
export function meant_by(entry: Entry, release: string, variation: Variation): (failure: Failure) => boolean {
  const { failure } = entry;
  const exact = spoken_of(entry, release, variation);
  return ({ kind, text }) =>
    failure !== null &&
    kind === failure.kind &&
    (exact ? text.includes(failure.text) : says_the_same(text, failure.text));
}

/**
 * Whether a failure says no more than that the steps cannot be done here: blocks are of another size or have other numbers, so that
 * an operation is refused that was to succeed, or the other way round.
 */
export const does_not_fit = (
  entry: Entry,
  release: string,
  variation: Variation,
  { kind, subjects }: Failure,
): boolean => !spoken_of(entry, release, variation) && kind === 'expectation' && subjects.what === 'result';
