import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { MemRelease } from '../src/releases/memmodel.ts';
import { type MemScenario, parseMemScenario } from '../src/scenarios/memmodel/read.ts';
import { type MemFailure, run_mem_scenario } from '../src/scenarios/memmodel/run.ts';

const folder = new URL('../scenarios/memmap/', import.meta.url);
const scenarios = readdirSync(folder).map((name) =>
  parseMemScenario(readFileSync(new URL(name, folder), 'utf8'), name),
);

const failures = (scenario: MemScenario, release: MemRelease): MemFailure[] =>
  [...run_mem_scenario(scenario, release)].flatMap((outcome) => outcome.failures);

test('the entries of FACTS 5.3 and 5.6 that a memmap shows are there', () => {
  expect(scenarios.map(({ id }) => id)).toEqual([
    ...['B50', 'B50b', 'B51', 'B53', 'B54b', 'B55', 'B56', 'B57'],
    ...['B90', 'B90b', 'B90c', 'B91', 'B91b', 'B92', 'B93', 'B93b', 'B94', 'B95', 'B96', 'B97', 'B97b'],
  ]);
});

test.each(scenarios.map((scenario) => [scenario.id!, scenario] as const))(
  '%s fails as named on its release',
  (_, scenario) => {
    const { kind, text } = scenario.failure!;
    const found = failures(scenario, scenario.release);
    expect(found.map((failure) => `${failure.kind}: ${failure.text}`).join('\n')).toContain(
      `${kind}: ${text}`,
    );
  },
);

const cures = scenarios.flatMap((scenario) =>
  scenario.fixed.map((release) => [scenario.id!, release.name, scenario, release] as const),
);
test.each(cures)('%s is cured on %s', (_, __, scenario, release) => {
  expect(failures(scenario, release)).toEqual([]);
});
