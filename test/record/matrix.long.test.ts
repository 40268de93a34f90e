import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { FakeHost, until } from './fake-host.ts';

/** `mhp record --matrix`, and --compare, with a program that stands for QEMU: its guest has no blocks, so the model differs. */

let host: FakeHost;
beforeAll(() => {
  host = new FakeHost();
});
afterAll(() => host.remove());

const DIFFERS = '01-echo-online-memory-memory8-state: echo online > /sys/devices/system/memory/memory8/state';

function matrix(name: string, text: string): string {
  writeFileSync(host.path(`${name}.yaml`), text);
  return host.path(`${name}.yaml`);
}

test('scenarios on kernels: a table, a JUnit report, and what is there already is not recorded again', async () => {
  const file = matrix('m', 'scenarios: [s.yaml, dimm.yaml]\nkernels: [./bzImage, none]\nrecordings: rec\n');
  writeFileSync(host.path('dimm.yaml'), readFileSync('scenarios/dimm.yaml'));
  mkdirSync(host.path('rec'));
  copyFileSync('recordings/x86_64-6.1-dimm.tar.xz', host.path('rec/dimm-bzImage.tar.gz'));
  const none = 'none: no such file or directory; a package is named as in debian:6.1';
  const table = [
    'SCENARIO  KERNEL    PAGES STEPS COMPARED DIFFER OUTCOME',
    `s.yaml    ./bzImage -         4        3      3 ${DIFFERS}`,
    `s.yaml    none      -         -        -      - ${none}`,
    'dimm.yaml ./bzImage -        10    5,672      0 there before',
    `dimm.yaml none      -         -        -      - ${none}`,
    '',
  ]
    .join('\n')
    .replace('    5,672', '     5672');
  const first = host.start('ok', ['--matrix', file, '--junit', host.path('j.xml')]);
  const { status, out } = await first.ended;
  expect([status, out]).toEqual([1, table]);
  expect(readdirSync(host.path('rec')).sort()).toEqual(['dimm-bzImage.tar.gz', 's-bzImage.tar.gz']);
  const junit = readFileSync(host.path('j.xml'), 'utf8');
  expect(junit).toContain('<testsuites tests="4" failures="1" errors="0" skipped="2">');
  expect(junit).toContain(`<failure message="${DIFFERS}" type="differs"/>`);
  expect(host.leftOf(first.child.pid)).toEqual([]);

  // a guest that does not come up would be noticed: none is started
  const again = await host.start('refuse', ['--matrix', file, '--json']).ended;
  expect(again.status).toBe(1);
  const { schema, rows } = JSON.parse(again.out) as { schema: string; rows: Record<string, unknown>[] };
  expect(schema).toBe('mhp-record-matrix/1');
  expect(rows.map(({ resumed, refused }) => resumed ?? refused)).toEqual([true, none, true, none]);
});

test('a recording that ended early is kept beside, and recorded again the next time', async () => {
  const file = matrix('e', 'scenarios: [s.yaml]\nkernels: [./bzImage]\nrecordings: early\n');
  const { status, out } = await host.start('die', ['--matrix', file]).ended;
  expect(status).toBe(1);
  expect(out).toContain('QEMU has ended (status 3)');
  expect(readdirSync(host.path('early'))).toEqual(['s-bzImage.stopped.tar.gz']);
  await host.start('ok', ['--matrix', file]).ended;
  expect(readdirSync(host.path('early')).sort()).toEqual(['s-bzImage.stopped.tar.gz', 's-bzImage.tar.gz']);
});

test('several guests at once within the memory, and Ctrl-C leaves no half recording', async () => {
  const text = 'scenarios: [s.yaml]\nkernels: [./bzImage, bzImage, ../x]\nrecordings: both\nmemory: 2G\n';
  const { child, ended, pidFile } = host.start('hang', ['--matrix', matrix('b', text)]);
  await until(() => existsSync(pidFile));
  child.kill('SIGINT');
  const { status, out } = await ended;
  expect(status).toBe(3);
  expect(out.match(/interrupted$/gm)).toHaveLength(2);
  expect(readdirSync(host.path('both'))).toEqual([]);
  expect(host.leftOf(child.pid)).toEqual([]);
});

test.each([
  ['kernels: [k]\nrecordings: r\n', 'scenarios: is missing'],
  ['scenarios: [s.yaml]\nkernels: [k]\nrecordings: r\nmemory: much\n', 'memory: "much" is no size'],
])('a matrix file with a fault is refused: %j', async (text, message) => {
  const file = matrix('bad', text);
  const { status, err } = await host.start('ok', ['--matrix', file]).ended;
  expect([status, err]).toEqual([2, `mhp: ${file}: ${message}\n`]);
});

test('--compare stops at the first difference, with the recording up to it', async () => {
  const output = host.path('compared');
  const args = [host.path('s.yaml'), '--kernel', host.path('bzImage'), '-o', output, '--compare'];
  const { child, ended } = host.start('ok', args);
  const { status, out, err } = await ended;
  expect([status, out]).toEqual([3, `${output}: 2 steps, then the model differs\n`]);
  expect(err).toContain(
    '    differs: result: echo online > /sys/devices/system/memory/memory8/state: recorded "success", model "ENOENT"\nthe model differs after step 1\n',
  );
  expect(host.leftOf(child.pid)).toEqual([]);
});
