import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { beforeAll, expect, test } from 'vitest';

// Runs the programs of examples/explorer as a user does, and compares the output with their README.

const root = new URL('../../', import.meta.url).pathname;
const folder = `${root}examples/explorer/`;
const readme = readFileSync(`${folder}README.md`, 'utf8');
const files = readdirSync(folder).filter((name) => name.endsWith('.js'));

interface Result {
  readonly program: string;
  readonly verdict: string;
  readonly shortest?: boolean;
  readonly steps?: number;
  readonly preemptions?: number;
  readonly stats: { readonly states: number; readonly executions: number };
  readonly token?: string;
}

const rows = [...readme.matchAll(/^\| \[(.*?)\]\((.*?)\) +\|.*?\| (.*?) +\| +(\d+) \| +(\d+|-) \|$/gm)].map(
  ([, program, file, verdict, states, executions]) => ({ program, file, verdict, states, executions }),
);

function explored(mode: string, names: readonly string[]): Result[] {
  const args = ['dist/cli/main.js', 'explore', '--json', '--threads', '1', '--mode', mode];
  const { stdout, stderr } = spawnSync(
    process.execPath,
    [...args, ...names.map((name) => `examples/explorer/${name}`)],
    { cwd: root, encoding: 'utf8' },
  );
  expect(stderr).toBe('');
  return JSON.parse(stdout).results;
}

const many = (n: number, what: string): string => `${n} ${what}${n === 1 ? '' : 's'}`;

let byStates: Result[];
beforeAll(() => {
  byStates = explored('states', files);
});

test('the README names the files in order', () => {
  expect(rows.map(({ file }) => file)).toEqual(files);
});

test('verdicts, shortest stories and counts by states', () => {
  const said = byStates.map(({ program, verdict, steps, preemptions, shortest, stats }) => ({
    program,
    verdict:
      verdict === 'violated' && shortest
        ? `violated: ${many(steps!, 'step')}, ${many(preemptions!, 'preemption')}`
        : verdict,
    states: `${stats.states}`,
  }));
  expect(said).toEqual(rows.map(({ program, verdict, states }) => ({ program, verdict, states })));
});

test('by traces the verdicts are the same, and counts are as said', () => {
  const ending = rows.filter(({ executions }) => executions !== '-');
  const said = explored(
    'traces',
    ending.map(({ file }) => file!),
  ).map(({ program, verdict, stats }) => ({ program, verdict, executions: `${stats.executions}` }));
  expect(said).toEqual(
    ending.map(({ program, verdict, executions }) => ({
      program,
      verdict: verdict!.split(':')[0],
      executions,
    })),
  );
});

test('the token in the README is the one found', () => {
  expect(readme).toContain(`mhp replay ${byStates[0]!.token} examples/explorer/${files[0]}`);
});

test('hot-remove in full: 111 states, 512 executions', async () => {
  const { default: asked } = await import(`${folder}10-hot-remove.js`);
  expect(asked.only().states().verdict()).toMatchObject({ verdict: 'proved', stats: { states: 111 } });
  expect(asked.only().traces().verdict()).toMatchObject({ verdict: 'proved', stats: { executions: 512 } });
});

test('several modules on worker threads come to the same', () => {
  const args = ['dist/cli/main.js', 'explore', '--json', '--threads', '2'];
  const names = files.slice(0, 2).map((name) => `examples/explorer/${name}`);
  const { stdout } = spawnSync(process.execPath, [...args, ...names], { cwd: root, encoding: 'utf8' });
  expect(JSON.parse(stdout).results).toEqual(byStates.slice(0, 2));
});
