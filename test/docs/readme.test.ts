import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { boot } from '../../src/boot/boot.ts';
import { parseScenario } from '../../src/scenarios/format/read.ts';
import { runScenario } from '../../src/scenarios/running/run-scenario.ts';
import { Session } from '../../src/scenarios/running/session.ts';

const root = new URL('../../', import.meta.url).pathname;
const readme = readFileSync(`${root}README.md`, 'utf8');

const examples = [...readme.matchAll(/```console\n\$ npx mhp ([^\n]*)\n([\s\S]*?)```/g)];

/** Matches the shown output from beginning to end; a line of `…` stands for omitted lines. */
const pattern = (shown: string): RegExp =>
  new RegExp(
    `^${shown
      .split('\n')
      .map((line) => (line === '…' ? '(?:.*\\n)*?.*' : line.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')))
      .join('\n')}$`,
  );

test.each(examples.map(([, command, shown]) => [command!, shown!]))(
  '%s prints what the README shows',
  (command, shown) => {
    const run = spawnSync(process.execPath, ['dist/cli/main.js', ...command.split(' ')], {
      cwd: root,
      encoding: 'utf8',
    });
    expect(run.status).toBe(0);
    expect(run.stdout).toMatch(pattern(shown));
  },
);

test('the scenarios in the README are some', () => {
  const texts = [...readme.matchAll(/```yaml\n([\s\S]*?)```/g)].map((match) =>
    parseScenario(match[1]!, 'README.md'),
  );
  expect(
    texts.map(({ steps, interleaved }) => [steps.length, Object.keys(interleaved?.threads ?? {})]),
  ).toEqual([
    [5, []],
    [0, ['checker', 'remover']],
  ]);
});

test('the scenario of steps in the README goes as it says', () => {
  const scenario = parseScenario(/```yaml\n([\s\S]*?)```/.exec(readme)![1]!, 'README.md');
  if (typeof scenario.machine === 'string') throw new Error('a machine by name');
  const session = new Session(boot(scenario.machine, scenario.release!));
  const outcomes = [...runScenario(scenario, session)];
  expect(outcomes.filter(({ unexpected }) => unexpected)).toEqual([]);
  expect(outcomes).toHaveLength(5);
});

test('the figures of the recordings are those the tests assert', () => {
  const rows = readFileSync(`${root}test/conform/conform.test.ts`, 'utf8').matchAll(
    /^ {2}\['[^']+', 'v[\d.]+', (\d+), (\d+), \d+, \d+\],$/gm,
  );
  let steps = 0;
  let comparisons = 0;
  for (const [, n, m] of rows) {
    steps += Number(n);
    comparisons += Number(m);
  }
  expect(readme).toContain(`${steps}\nsteps, ${comparisons.toLocaleString('en')} comparisons`);
});
