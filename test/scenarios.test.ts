import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { boot } from '../src/boot/boot.ts';
import type { Machine } from '../src/machines/machine.ts';
import type { Release } from '../src/releases/index.ts';
import { parseScenario, type Scenario } from '../src/scenarios/read.ts';
import { type Failure, run_scenario } from '../src/scenarios/run.ts';
import { Session } from '../src/scenarios/session.ts';

const folder = new URL('../scenarios/', import.meta.url);
const scenarios = readdirSync(folder)
  .filter((name) => /^B\d+/.test(name))
  .map((name) => parseScenario(readFileSync(new URL(name, folder), 'utf8'), name))
  .filter(({ interleaved }) => interleaved === null);

const failures = (scenario: Scenario, release: Release): Failure[] => {
  const session = new Session(boot(scenario.machine as Machine, release));
  return [...run_scenario(scenario, session)].flatMap((outcome) => outcome.failures);
};

test('every entry with a cause in one thread is there', () => {
  expect(scenarios.map(({ id }) => id)).toEqual([
    ...['B01', 'B02', 'B03', 'B04', 'B06', 'B07', 'B08', 'B26', 'B27', 'B28', 'B29'],
    ...['B30', 'B31', 'B32', 'B33a', 'B33b', 'B34', 'B35'],
    ...['B36', 'B36b', 'B36c', 'B38', 'B38b', 'B43', 'B44'],
    ...['B54', 'B58', 'B59', 'B60', 'B61a', 'B61b', 'B62', 'B63', 'B64', 'B65', 'B66', 'B67'],
    ...['B70', 'B71', 'B72', 'B73', 'B75', 'B76', 'B77', 'B78', 'B79', 'B80'],
    ...['B85a', 'B85b', 'B85c', 'B85d', 'B85e', 'B85f', 'B85g', 'B85h', 'B85i', 'B85j', 'B85k', 'B85l'],
    ...['B86', 'B87', 'B88a', 'B88b'],
  ]);
});

test.each(scenarios.map((scenario) => [scenario.id!, scenario] as const))(
  '%s fails as named on its release',
  (_, scenario) => {
    const found = failures(scenario, scenario.release!);
    const { kind, text } = scenario.failure!;
    expect(found.filter((failure) => failure.kind === kind && failure.text.includes(text))).not.toEqual([]);
  },
);

const cures = scenarios.flatMap((scenario) =>
  scenario.fixed.map((release) => [scenario.id!, release.name, scenario, release] as const),
);
test.each(cures)('%s is cured on %s', (_, __, scenario, release) => {
  expect(failures(scenario, release)).toEqual([]);
});
