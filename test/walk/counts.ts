import type { StepName } from './here.ts';
import { KINDS } from './kinds.ts';
import { nameFor } from './known.ts';
import { nameOf } from './shrink.ts';
import type { Walk } from './walk.ts';

/** What many walks have met, as data that can be added up and written to a file. */
export interface Counts {
  sequences: number;
  steps: number;
  /** Steps that succeeded. */
  succeeded: number;
  /** Sequences that ended before a step that the model does not perform as written, by its reason. */
  readonly refused: Record<string, number>;
  /** Steps by kind. */
  readonly kinds: Record<string, number>;
  /** Alarms that are known, by name. */
  readonly named: Record<string, number>;
  /** Alarms without a name: how often, and in which walk first. */
  readonly unnamed: Record<string, { count: number; readonly index: number; readonly release: string }>;
}

export const noCounts = (): Counts => ({
  sequences: 0,
  steps: 0,
  succeeded: 0,
  refused: {},
  kinds: {},
  named: {},
  unnamed: {},
});

const more = (counts: Record<string, number>, key: string, n = 1): void => {
  counts[key] = (counts[key] ?? 0) + n;
};

const withoutNumbers = (text: string): string =>
  text.replace(/^.*?steps\[\d+\]: /, '').replace(/0x[0-9a-f]+|\d+/g, 'N');

export function count(counts: Counts, walk: Walk, index: number): void {
  const { document, outcomes, alarms, refused } = walk;
  counts.sequences++;
  counts.steps += outcomes.length;
  counts.succeeded += outcomes.filter(({ result }) => result === 'success').length;
  if (refused !== null) more(counts.refused, withoutNumbers(refused));
  for (const step of document.steps) more(counts.kinds, Object.keys(step)[0]!);
  for (const alarm of alarms) {
    const named = nameFor(document, alarm);
    if (named !== null) more(counts.named, named.name);
    else unnamed(counts, nameOf(alarm), { count: 1, index, release: document.release });
  }
}

function unnamed({ unnamed }: Counts, name: string, found: Counts['unnamed'][string]): void {
  const known = unnamed[name];
  if (known === undefined) unnamed[name] = { ...found };
  else known.count += found.count;
}

/** Adds the counts of other walks. */
export function add(sum: Counts, counts: Counts): void {
  sum.sequences += counts.sequences;
  sum.steps += counts.steps;
  sum.succeeded += counts.succeeded;
  for (const field of ['refused', 'kinds', 'named'] as const)
    for (const [key, n] of Object.entries(counts[field])) more(sum[field], key, n);
  for (const [name, found] of Object.entries(counts.unnamed)) unnamed(sum, name, found);
}

const byCount = (counts: Readonly<Record<string, number>>): [string, number][] =>
  Object.entries(counts).sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1));

const rows = (counts: Readonly<Record<string, number>>): string =>
  byCount(counts)
    .map(([name, n]) => `${String(n).padStart(9)}  ${name}\n`)
    .join('');

/** The table at the end of a run. */
export function table(counts: Counts): string {
  const never = (Object.keys(KINDS) as StepName[]).filter((name) => !(name in counts.kinds));
  const percent = ((100 * counts.succeeded) / Math.max(1, counts.steps)).toFixed(0);
  const unnamed = Object.entries(counts.unnamed).map(
    ([name, { count: n, index, release }]) =>
      `${String(n).padStart(9)}  ${name} (first: ${index} on ${release})\n`,
  );
  return [
    `${counts.sequences} sequences, ${counts.steps} steps, ${percent}% of them succeed\n`,
    `\nsteps by kind${never.length ? `; never: ${never.join(', ')}` : ''}\n${rows(counts.kinds)}`,
    `\nended early\n${rows(counts.refused)}`,
    `\nalarms with a name\n${rows(counts.named)}`,
    unnamed.length ? `\nalarms without a name\n${unnamed.join('')}` : '\nno alarm without a name\n',
  ].join('');
}
