import { expect, test } from 'vitest';
import { checkEntry } from '../src/check/check-entry.ts';
import { isMeant } from '../src/check/meant.ts';
import { namedMonitor } from '../src/check/monitors.ts';
import { mayBeMeant, watched } from '../src/check/threads.ts';
import { catalogue } from '../src/cli/inputs/catalogue.ts';
import { findRelease } from '../src/releases/index.ts';
import { explore } from '../src/schedule/search/exploration.ts';

const entries = catalogue().map(({ entry }) => entry);

const between = (first: number, last: number): string[] =>
  Array.from({ length: last - first + 1 }, (_, i) => `B${String(first + i).padStart(2, '0')}`);

test('every number of the catalogue has an entry', () => {
  const numbers = [
    ...between(1, 8),
    ...between(10, 44),
    ...between(50, 80),
    ...between(85, 99),
    ...between(110, 125),
  ];
  const found = new Set(entries.map(({ id }) => /^B\d+/.exec(id)![0]));
  expect([...found].sort()).toEqual(numbers.sort());
});

test('ids are told apart, and each entry says what goes wrong and why', () => {
  expect(new Set(entries.map(({ id }) => id)).size).toBe(entries.length);
  expect(entries.filter(({ failure, why, title }) => !failure || !why || !title)).toEqual([]);
});

/** Entries whose failures are the same: other causes, on other releases or in other places, that no failure tells apart. */
const ALIKE = [
  ['B10', 'B10b'],
  ['B12', 'B12b'],
  ['B13', 'B13b'],
  ['B14c', 'B16b', 'B17b'],
  ['B21', 'B21c'],
  ['B22', 'B22b'],
  ['B24', 'B24b'],
  ['B24c', 'B41b'],
  ['B26', 'B26b'],
  ['B36b', 'B36d'],
  ['B38', 'B38b', 'B38c'],
  ['B42', 'B42b'],
  ['B01', 'B116'],
  ['B05', 'B05b'],
  ['B44', 'B115'],
  ['B77', 'B110'],
];
const alike = (id: string): readonly string[] => ALIKE.find((ids) => ids.includes(id)) ?? [id];

test.each(entries.map((entry) => [entry.id, entry.release, entry] as const))(
  '%s is found on %s as named, and no other entry names that failure',
  (_, release, entry) => {
    const { verdict, failure } = checkEntry(entry, release);
    const described = entries.filter((other) => isMeant(other, failure!)).map(({ id }) => id);
    expect({ verdict, described }).toEqual({ verdict: 'found', described: alike(entry.id) });
  },
);

const cures = entries.flatMap((entry) => entry.fixed.map((release) => [entry.id, release, entry] as const));

test.each(cures)('%s is cured on %s', (_, release, entry) => {
  const { verdict, failure, within } = checkEntry(entry, release);
  expect({ verdict, failure, within }).toEqual({ verdict: 'clean', failure: null, within: [] });
});

const threads = entries.flatMap((entry) => (entry.kind === 'threads' ? [[entry.id, entry] as const] : []));

test.each(threads)('%s replays from its token, and with one preemption less nothing is found', (_, entry) => {
  const { program, monitors } = watched(entry, findRelease(entry.release)!, {});
  const monitor = namedMonitor(monitors, entry.failure!.kind, mayBeMeant(entry))!;
  const asked = explore(program).only(monitor);
  const search = asked.states();
  const verdict = search.verdict();
  if (verdict.verdict !== 'violated') throw new Error(verdict.verdict);
  const story = asked.replay(search.token());
  // the parts of a cycle of locks may lie in other executions
  if (!monitor.memory) expect(story.violation?.text).toBe(verdict.violation.text);
  expect(story.events.filter(({ preempts }) => preempts)).toHaveLength(verdict.preemptions);
  expect(asked.replay(verdict.trace.slice(0, -1)).violation).toBeUndefined();
  if (verdict.preemptions === 0) return;
  const fewer = asked.bound(verdict.preemptions - 1).states();
  expect(fewer.verdict().verdict).toBe('proved');
});

test('a table of x86-64 that is freed before all CPUs have forgotten it is seen by an entry about something else', () => {
  const entry = entries.find(({ id }) => id === 'B22b')!;
  const { verdict, failure } = checkEntry(entry, 'v7.2-B25d');
  expect({ verdict, kind: failure?.kind }).toEqual({ verdict: 'other', kind: 'walk-caches' });
});
