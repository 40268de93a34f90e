import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';

const root = new URL('../../', import.meta.url).pathname;
const folder = mkdtempSync(join(tmpdir(), 'mhp-check-'));
const file = (name = ''): string => join(folder, name);
afterAll(() => rmSync(folder, { recursive: true }));

function mhp(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['dist/cli/main.js', ...args], {
    cwd: root,
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
}

test('more than a few entries make a table', () => {
  const { status, stdout } = mhp('check', 'B61', 'B85', '--threads', '1');
  const [head, first, ...rest] = stdout.trimEnd().split('\n');
  expect(status).toBe(0);
  expect(head).toMatch(/^ID +RELEASE +VERDICT FIXED +VERDICT STATES +TIME TITLE$/);
  expect(first).toMatch(
    /^B61a v6\.1-B61a +found +v6\.1 +clean +0 +[\d.]+s a sub-section map that is only OR-ed/,
  );
  expect(rest.at(-1)).toMatch(/^\d+ runs: 20 found, \d+ clean; 0 not as expected$/);
});

test('JSON says the same, and twice the same', () => {
  const once = mhp('check', 'B26', 'B98', '--json');
  expect(mhp('check', 'B26', 'B98', '--json').stdout).toBe(once.stdout);
  const { schema, results } = JSON.parse(once.stdout) as {
    schema: string;
    results: { id: string; release: string; verdict: string; expected: string; states: number }[];
  };
  expect(schema).toBe('mhp-check/2');
  expect(results.map(({ id, release, verdict }) => `${id} ${release} ${verdict}`)).toEqual([
    ...['B26 v5.10 found', 'B26 v6.1 clean', 'B26 v7.2 clean', 'B98 option-2 found'],
    ...['arm64-v5', 'arm64-v6', 'option-1', 'option-3', 'v5.7', 'v6.1'].map(
      (release) => `B98 ${release} clean`,
    ),
  ]);
  expect(results.every(({ verdict, expected }) => verdict === expected)).toBe(true);
});

test('an id is that entry alone, and none is run twice', () => {
  const { stdout } = mhp('check', 'B36b', 'B36', 'B36b', '--release', 'v5.7', '--json');
  const { results } = JSON.parse(stdout) as { results: { id: string }[] };
  expect(results.map(({ id }) => id)).toEqual(['B36b', 'B36']);
});

test('a release of which the entry says nothing: 1 when it breaks there', () => {
  const broken = mhp('check', 'B26', '--release', 'v5.7', '--brief');
  expect(broken.status).toBe(1);
  expect(broken.stdout).toContain(
    'v5.7: found, invariant: translations: CPU 0 may hold a PMD at ffff800100000000',
  );
  expect(mhp('check', 'B26', '--release', 'v6.12', '--brief').status).toBe(0);
});

test('other geometries make a line each', () => {
  const { status, stdout } = mhp('check', 'B26', '--release', 'v6.1', '--geometry', '4K/39,16K/47');
  expect(stdout.split('\n').map((line) => line.replace(/[\d.]+s /, 'T '))).toEqual([
    'ID  RELEASE GEOMETRY LAYOUT VERDICT STATES  TIME FAILURE',
    expect.stringMatching(/^B26 v6\.1 +4K\/39 +- +(clean|n\/a)/),
    expect.stringMatching(/^B26 v6\.1 +16K\/47 +- +clean/),
    expect.stringMatching(/^2 runs: /),
    '',
  ]);
  expect(status).toBe(0);
});

test('both modes come to the same', () => {
  for (const mode of ['states', 'traces']) {
    const { stdout } = mhp('check', 'B39', '--release', 'v5.7', '--mode', mode, '--json');
    const [row] = (JSON.parse(stdout) as { results: { verdict: string }[] }).results;
    expect(row!.verdict).toBe('found');
  }
});

test('with too few preemptions nothing is found, and that is said', () => {
  const { status, stdout } = mhp('check', 'B39', '--release', 'v5.7', '--bound', '0', '--brief');
  expect(stdout).toContain('v5.7: clean within the bound on preemptions (found was expected)');
  expect(status).toBe(1);
});

test('JUnit, timeline, results', () => {
  const { status } = mhp(
    ...[
      'check',
      'B98',
      'B38',
      '--junit',
      file('j.xml'),
      '--timeline',
      file('t.json'),
      '--out',
      file('o.jsonl'),
    ],
  );
  expect(status).toBe(0);
  const junit = readFileSync(file('j.xml'), 'utf8');
  expect(junit).toContain('<testcase classname="B98" name="option-2 is found"');
  expect(junit.match(/<testcase /g)).toHaveLength(
    readFileSync(file('o.jsonl'), 'utf8').trim().split('\n').length - 1,
  );
  expect(junit).not.toContain('<failure');
  expect(JSON.parse(readFileSync(file('t.json'), 'utf8'))).toHaveProperty('traceEvents');
});

test('results go on from where they were stopped, to the same bytes', () => {
  const args = ['check', 'B26', 'B38', '--out', file('whole.jsonl')];
  const whole = mhp(...args);
  const text = readFileSync(file('whole.jsonl'), 'utf8').replace(/"seconds":[\d.e-]+/g, '');
  const lines = readFileSync(file('whole.jsonl'), 'utf8').split('\n');
  writeFileSync(file('whole.jsonl'), `${lines.slice(0, 3).join('\n')}\n${lines[3]!.slice(0, 20)}`);
  const rest = mhp(...args, '--resume');
  expect(rest.stdout).toBe(whole.stdout);
  expect(readFileSync(file('whole.jsonl'), 'utf8').replace(/"seconds":[\d.e-]+/g, '')).toBe(text);
});

const scenario = (threads: string): string =>
  `machine: {arch: arm64, page_size: 16K, va_bits: 36, ram: [{start: 1G, size: 1G}], nodes: [{node: 0, cpus: 0-1}]}\nrelease: v6.1\n${threads}`;

test('a scenario of one’s own', () => {
  writeFileSync(
    file('own.yaml'),
    scenario("threads:\n  a: [area = vmalloc(PAGE_SIZE), need area, 'expect area == 0']\n"),
  );
  const { status, stdout } = mhp('check', file('own.yaml'), '--brief');
  expect(status).toBe(1);
  expect(stdout).toContain('v6.1: other (clean was expected), expectation: not so: area == 0 (0 preemptions');
});

test.each([
  [['B999'], 'check: "B999" is neither in the catalogue (--list) nor a file'],
  [['nothing.yaml'], 'nothing.yaml: no such file'],
  [['B26', '--release', 'v9'], '--release: "v9" is not a modelled release; near it: v'],
  [['B26', '--geometry', '8K/48'], '--geometry: "8K/48" is not one of 4K/39, 4K/48, 4K/52, 16K/36'],
  [['B26', '--layout', 'v3'], '--layout: "v3" is not one of v5.2, v5.4, v6.1, v6.5, v6.9'],
  [['B26', '--resume'], '--resume: needs --out, the file to continue'],
  [['B26', '--junit', '/proc/nothing/x.xml'], '/proc/nothing/x.xml: '],
])('%j is refused in one line', (args, message) => {
  const { status, stdout, stderr } = mhp('check', ...args);
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  expect(stderr).toContain(`mhp: ${message}`);
  expect(stderr.trimEnd().split('\n')).toHaveLength(1);
  expect(existsSync(file('nothing'))).toBe(false);
});

test('what a release has not got is n/a, and the others go on', () => {
  const { status, stdout } = mhp('check', 'B85a', 'B14', '--release', 'v7.2', '--json');
  const { results } = JSON.parse(stdout) as {
    results: { id: string; verdict: string; reason: string }[];
  };
  expect(status).toBe(0);
  expect(results.map(({ id, verdict, reason }) => [id, verdict, reason])).toEqual([
    ['B85a', 'n/a', expect.stringContaining('kvm_is_reserved_pfn() of v7.2')],
    ['B14', 'clean', null],
  ]);
  expect(mhp('check', 'B14', '--release', 'v2.6.27').stdout).toContain(
    'v2.6.27: n/a, of v2.6.27 only struct pages as addresses are modelled\n',
  );
});

test('another release stands in for one that is not modelled only if it is asked for', () => {
  const release = ['--release', 'v4.19'];
  const strict = mhp('check', 'B14', ...release);
  expect([strict.status, strict.stdout, strict.stderr]).toEqual([
    2,
    '',
    'mhp: --release: "v4.19" is not a modelled release; near it: v5.2 (--nearest takes v5.2)\n',
  ]);
  const { status, stdout, stderr } = mhp('check', 'B14', ...release, '--nearest');
  expect([status, stderr]).toEqual([1, 'note: v4.19 is not modelled: v5.2 is used instead\n']);
  expect(stdout).toContain('\nv5.2: ');
});

test('an interrupted check says how many runs its file has', async () => {
  const out = file('cut.jsonl');
  const child = spawn(process.execPath, ['dist/cli/main.js', 'check', '--threads', '2', '--out', out], {
    cwd: root,
  });
  let stderr = '';
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  const ended = new Promise((resolve) => child.on('close', resolve));
  const lines = () => (existsSync(out) ? readFileSync(out, 'utf8').split('\n').length - 2 : 0);
  while (lines() < 2) await new Promise((resolve) => setTimeout(resolve, 20));
  child.kill('SIGINT');
  expect(await ended).toBe(64);
  expect(stderr).toMatch(
    new RegExp(`^mhp: interrupted after ${lines()} of \\d+ runs: --resume continues\n$`),
  );
});

test('a scenario’s own release is as strict', () => {
  writeFileSync(
    file('old.yaml'),
    scenario('threads: {a: ["vmalloc(PAGE_SIZE)"]}\n').replace('v6.1', 'v4.19'),
  );
  const strict = mhp('check', file('old.yaml'));
  expect([strict.status, strict.stdout]).toEqual([2, '']);
  expect(strict.stderr).toContain(
    'old.yaml: line 2 release: "v4.19" is not a modelled release; near it: v5.2\n',
  );
  expect(mhp('check', file('old.yaml'), '--nearest')).toMatchObject({ status: 0, stderr: '' });
});

test('all faults of a file are told at once', () => {
  writeFileSync(
    file('faults.yaml'),
    'machine: {arch: x86_64, ram: [{start: 0, size: 2G}]}\nrelease: v9.9\nfailure: {kind: bgu}\nsteps: []\nfixed: [v6.1x]\n',
  );
  const { status, stderr } = mhp('check', file('faults.yaml'));
  expect([status, stderr.trimEnd().split('\n').length]).toEqual([2, 1]);
  for (const fault of [
    'faults.yaml: line 3 failure.kind: is not one of ',
    '; line 4 steps: is empty, and there are no threads: there is nothing to do',
    '; line 2 release: "v9.9" is not a modelled release; near it: v7.2',
    '; line 5 fixed[0]: "v6.1x" is not a modelled release; near it: v6.1',
  ])
    expect(stderr).toContain(fault);
});

test('failures where the scenario says nothing are counted by themselves', () => {
  const { status, stdout } = mhp('check', 'B26', '--release', 'v5.7', '--geometry', '16K/47');
  expect([status, stdout.trimEnd().split('\n').at(-1)]).toEqual([
    1,
    '1 runs: 1 found; 0 not as expected; failures where nothing is said: 1',
  ]);
});

test('what cannot be prepared in another geometry is n/a, with the reason', () => {
  const { status, stdout } = mhp('check', 'B13', '--release', 'v6.1', '--geometry', '4K/48');
  expect(status).toBe(0);
  expect(stdout).toContain(
    'vmemmap_populate(slice, slice + 2 * vmemmap_leaf, 0, null): WARN: vmemmap_populate()',
  );
  expect(stdout.trimEnd().split('\n').at(-1)).toBe('1 runs: 1 n/a; 0 not as expected');
});

test.each(['--out', '--junit', '--timeline'])('%s on a full disk is one line, and status 2', (flag) => {
  const { status, stderr } = mhp('check', 'B14', '--brief', flag, '/dev/full');
  expect([status, stderr]).toEqual([2, 'mhp: /dev/full: cannot be used (ENOSPC)\n']);
});

test('results that are not those of the runs are no beginning', () => {
  const args = ['check', 'B38', '--threads', '1', '--out', file('damaged.jsonl')];
  mhp(...args);
  const text = readFileSync(file('damaged.jsonl'), 'utf8');
  for (const damaged of [
    text.replace('"verdict":"found"', '"verdict":"lovely"'),
    text.replace(/^\{"id":"B38"/m, '{"id":"B77"'),
    text.replace(/"seconds":[\d.e-]+/, '"seconds":null'),
    `${text}${text.split('\n')[1]}\n`,
  ]) {
    expect(damaged).not.toBe(text);
    writeFileSync(file('damaged.jsonl'), damaged);
    const { status, stderr } = mhp(...args, '--resume');
    expect(status).toBe(2);
    expect(stderr).toMatch(/damaged\.jsonl: line \d+: is not a record of this run\n$/);
  }
});

test('a circle of locks lies in several executions: its token tells one', () => {
  const token = /mhp replay (\S+)/.exec(mhp('check', 'B05', '--release', 'v5.3').stdout)![1]!;
  const { status, stdout } = mhp('replay', token);
  expect(status).toBe(0);
  expect(stdout).toContain('The failure shows only in several executions together');
});
