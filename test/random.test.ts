import { mkdirSync, writeFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { boot } from '../src/boot/boot.ts';
import type { Machine } from '../src/machines/machine.ts';
import { mainline } from '../src/releases/index.ts';
import { parseScenario } from '../src/scenarios/format/read.ts';
import { runScenario } from '../src/scenarios/running/run-scenario.ts';
import { Session } from '../src/scenarios/running/session.ts';
import type { Failure } from '../src/steps/failure.ts';
import { cases } from './cases.ts';
import { randomScenario } from './random-scenarios.ts';

function failures(text: string): Failure[] {
  const scenario = parseScenario(text, 'random.yaml');
  const session = new Session(boot(scenario.machine as Machine, scenario.release!));
  return [...runScenario(scenario, session)]
    .flatMap((outcome) => outcome.failures)
    .filter(({ kind }) => kind !== 'warn');
}

/** Shrunk counterexamples stay as scenario files: `mhp run failures/NAME.yaml` shows them again. */
function keepCounterexample(name: string, out: fc.RunDetails<[string]>): void {
  if (!out.failed) return;
  const text = out.counterexample?.[0] ?? '';
  mkdirSync('failures', { recursive: true });
  writeFileSync(`failures/${name}.yaml`, text);
  throw new Error(
    `mhp run failures/${name}.yaml\n${text}\n${JSON.stringify(text && failures(text), null, 1)}`,
  );
}

const RUNS = cases(100, 400);

describe('random operations on random machines keep the invariants', () => {
  for (const release of mainline.filter(({ name }) => ['v5.10', 'v6.1', 'v6.12', 'v7.2'].includes(name))) {
    test(release.name, () => {
      fc.assert(
        fc.property(randomScenario(release.name), (text) => failures(text).length === 0),
        { seed: 2, numRuns: RUNS, reporter: (out) => keepCounterexample(`random-${release.name}`, out) },
      );
    });
  }
});

test('most random operations do something', () => {
  let tried = 0;
  let succeeded = 0;
  for (const text of fc.sample(randomScenario('v6.1'), { seed: 3, numRuns: 200 })) {
    const scenario = parseScenario(text, 'random.yaml');
    const session = new Session(boot(scenario.machine as Machine, scenario.release!));
    for (const outcome of runScenario(scenario, session)) {
      tried++;
      if (outcome.result === 'success') succeeded++;
    }
  }
  expect(succeeded / tried).toBeGreaterThan(0.4);
});

test('on v5.3 they do not, and the failure shrinks to a scenario that replays', () => {
  // arm64 has no hot-remove yet
  const x86 = randomScenario('v5.3').filter((text) => !text.includes('arch: arm64'));
  const property = fc.property(x86, (text) => failures(text).length === 0);
  const out = fc.check(property, { seed: 2, numRuns: RUNS });
  expect(out.failed).toBe(true);
  const text = out.counterexample![0];
  expect(failures(text)).not.toEqual([]);
  expect(text.match(/^ {2}- /gm)!.length).toBeLessThanOrEqual(6);
});
