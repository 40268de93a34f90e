import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parseScenario } from '../src/scenarios/read.ts';

const root = new URL('../', import.meta.url).pathname;
const readme = readFileSync(`${root}README.md`, 'utf8');

test('the example prints what the README shows', () => {
  const shown = /```console\n\$ npx mhp ([^\n]*)\n([\s\S]*?)```/.exec(readme)!;
  const run = spawnSync(process.execPath, ['dist/cli/main.js', ...shown[1]!.split(' ')], {
    cwd: root,
    encoding: 'utf8',
  });
  expect(run.status).toBe(0);
  expect(run.stdout).toBe(shown[2]);
});

test('the scenario in the README is one', () => {
  const text = /```yaml\n([\s\S]*?)```/.exec(readme)![1]!;
  expect(parseScenario(text, 'README.md').steps.length).toBe(5);
});

test('the figures of the recordings are those the tests assert', () => {
  const rows = readFileSync(`${root}test/conform.test.ts`, 'utf8').matchAll(
    /^ {2}\['[^']+', 'v[\d.]+', (\d+), (\d+)\],$/gm,
  );
  let steps = 0;
  let comparisons = 0;
  for (const [, n, m] of rows) {
    steps += Number(n);
    comparisons += Number(m);
  }
  expect(readme).toContain(`${steps}\nsteps, ${comparisons.toLocaleString('en')} comparisons`);
});
