import type { StepKind, Told } from './trace.ts';

/**
 * How a mutant that nothing has caught differs from the original in what it does, by all the runs that were made:
 * `unreached`: it was never called; `same`: step by step the same; `reads`: the same but for reads; `more flushing`:
 * the same but for barriers and invalidations beside those of the original; `less flushing`: some of those are missing;
 * `again`: what is written is written twice in a row;
 * and so on for what differs.
 */
export type Difference =
  | 'unreached'
  | 'same'
  | 'reads'
  | 'more flushing'
  | 'less flushing'
  | 'other flushing'
  | 'again'
  | 'order'
  | 'more locking'
  | 'less locking'
  | 'more steps'
  | 'fewer steps'
  | 'other steps';

/** Whether the texts of `a` are a subsequence of those of `b`. */
function isPart(a: readonly Told[], b: readonly Told[]): boolean {
  let i = 0;
  for (const { text } of b) if (i < a.length && a[i]!.text === text) i++;
  return i === a.length;
}

const without = (told: readonly Told[], ...kinds: readonly StepKind[]): Told[] =>
  told.filter(({ kind }) => !kinds.includes(kind));
const textOf = (told: readonly Told[]): string => told.map(({ text }) => text).join('\n');
const sorted = (told: readonly Told[]): string =>
  told
    .map(({ text }) => text)
    .sort()
    .join('\n');

/** The difference of two runs whose effects differ. */
export function difference(before: readonly Told[], after: readonly Told[]): Difference {
  const a = without(before, 'read');
  const b = without(after, 'read');
  if (textOf(a) === textOf(b)) return 'reads';
  for (const [kind, name] of [
    ['flush', 'flushing'],
    ['lock', 'locking'],
  ] as const) {
    if (textOf(without(a, kind)) !== textOf(without(b, kind))) continue;
    if (isPart(a, b)) return `more ${name}`;
    if (isPart(b, a)) return `less ${name}`;
    return name === 'flushing' ? 'other flushing' : 'order';
  }
  const once = (told: readonly Told[]): Told[] => told.filter(({ text }, i) => text !== told[i - 1]?.text);
  if (textOf(once(a)) === textOf(once(b))) return 'again';
  if (sorted(a) === sorted(b)) return 'order';
  if (isPart(a, b)) return 'more steps';
  return isPart(b, a) ? 'fewer steps' : 'other steps';
}
