import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checkDesign, removing } from './design-file.ts';

// mhp check --design, started as by a user, on a file outside the program's folder (test/global-setup.ts has built it).

const main = new URL('../dist/cli/main.js', import.meta.url).pathname;
let folder = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'mhp-design-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const check = (text: string, options: { args?: string[]; name?: string } = {}) =>
  checkDesign(folder, text, options);

const AS_BASE = 'yield* base.remove_pagetable.call(this, start, end, sparse_vmap);';

describe('a module that is none is refused by name', () => {
  const refused = (text: string, name?: string) => {
    const { status, stderr } = check(text, name === undefined ? {} : { name });
    expect(status).toBe(2);
    return stderr;
  };
  test('what is not a file, or no module', () => {
    const { status, stderr } = spawnSync(
      process.execPath,
      [main, 'check', '--design', join(folder, 'none.js')],
      {
        encoding: 'utf8',
      },
    );
    expect([status, stderr.split('\n').length]).toEqual([2, 2]);
    expect(stderr).toContain('none.js');
    expect(refused('x', 'mine.txt')).toBe('mhp: FOLDER/mine.txt: is not a module (.js, .mjs, .ts or .mts)\n');
  });
  test('what cannot be read', () => {
    expect(refused('export default {')).toBe(
      'mhp: FOLDER/mine.js: line 1: Expected identifier but found end of file\n',
    );
    expect(refused("import './nowhere.js';")).toBe(
      'mhp: FOLDER/mine.js: line 1: Could not resolve "./nowhere.js"\n',
    );
  });
  test('what throws', () => {
    expect(refused('\nthrow new RangeError("no");')).toBe(
      'mhp: FOLDER/mine.js: it threw RangeError: no (mine.js:2)\n',
    );
  });
  test('what exports no design', () => {
    expect(refused('export const x = 1;')).toBe('mhp: FOLDER/mine.js: it has no default export\n');
    expect(refused('export default { base: "v6.1" };')).toBe(
      'mhp: FOLDER/mine.js: its default export is not what defineRelease() returns\n',
    );
  });
  test('what replaces nothing there is', () => {
    const text =
      "import { defineRelease } from 'mhp';\nexport default defineRelease({ base: 'v6.1', mm: { *vmemap_free() {} } });";
    expect(refused(text)).toBe('mhp: FOLDER/mine.js: mm: v6.1 has no vmemap_free(); near it: vmemmap_free\n');
  });
});

describe('a function that does what none can stops its scenarios, by name, and no others', () => {
  const WITH_OTHERS = { args: ['B14', 'B30'] };

  test.each([
    [
      'throws',
      'null.x;',
      "remove_pagetable threw TypeError: Cannot read properties of null (reading 'x') (mine.js:5)",
    ],
    [
      'exits',
      'process.exit(0);',
      'remove_pagetable threw Error: a kernel function cannot call process.exit() (mine.js:5)',
    ],
    ['yields what is not a step', 'yield 7;', 'remove_pagetable yields 7, which is not a step'],
    [
      'reads a table there is none of',
      "yield* R('varz', 0, 'x');",
      'remove_pagetable yields read with obj "varz", which is not a table of the kernel',
    ],
    [
      'reads a field there is none of',
      "yield* R('vars', 0, 'x');",
      'remove_pagetable yields read of vars.x, which is not a field',
    ],
    [
      'takes a lock as another kind',
      "yield* lock('mem_hotplug_lock', 'mutex');",
      'remove_pagetable yields lock of mem_hotplug_lock as a mutex: it is a percpu_rwsem elsewhere',
    ],
  ])('%s', (_, body, reason) => {
    const { status, results } = check(removing(body), { args: ['B14'] });
    expect({ status, results: results.map((r) => [r.id, r.verdict, r.reason]) }).toEqual({
      status: 2,
      results: [['B14', 'stopped', reason]],
    });
  });

  test('the others go on', () => {
    const body = `if (!sparse_vmap) null.x; ${AS_BASE}`;
    const { status, results } = check(removing(body), WITH_OTHERS);
    expect(status).toBe(2);
    expect(results.map((r) => [r.id, r.verdict])).toEqual([
      ['B14', 'uncured'],
      ['B30', 'stopped'],
    ]);
  });

  test('keeps something between calls', () => {
    const body = `if (calls++ === 0) ${AS_BASE}`;
    const { status, results } = check(removing(body, 'let calls = 0;'));
    expect([status, results[0]!.reason]).toEqual([
      2,
      'remove_pagetable does otherwise when it is run again: it keeps something between calls',
    ]);
  });

  test('returns what is nothing', () => {
    const text = `import { defineRelease } from 'mhp';
export default defineRelease({ base: 'v6.1', mm: { *offline_pages() {} } });`;
    const { status, results } = check(text, { args: ['B80'] });
    expect([status, results[0]!.reason]).toEqual([
      2,
      'offline_pages returned undefined, where what it replaces returns number',
    ]);
  });
});

test('an object that is not there is a failure of the design, no exception', () => {
  const { status, results } = check(removing("yield* R('memory_block', 999, 'nid');"), {
    args: ['B14', 'B01'],
  });
  expect(status).toBe(1);
  expect(results).toMatchObject([
    {
      id: 'B14',
      verdict: 'broken',
      failure: { kind: 'wild-access', text: 'memory_block#999 does not exist' },
    },
    {
      id: 'B01',
      verdict: 'broken',
      failure: { kind: 'bug', text: 'BUG at a read: memory_block#999 does not exist' },
    },
  ]);
});

test('TypeScript, and what it imports, resolve wherever the file lies', () => {
  writeFileSync(join(folder, 'part.ts'), 'export const twice = (n: number): number => 2 * n;');
  const text = `import { defineRelease, type Kernel } from 'mhp';
import { twice } from './part.ts';
export default defineRelease({ base: 'arm64-v5', 'arch/arm64': (base) => ({
  *remove_pagetable(this: Kernel, start: number, end: number, sparse_vmap: boolean) {
    if (twice(1) === 2) yield* base.remove_pagetable.call(this, start, end, sparse_vmap);
  },
}) });`;
  const { status, results } = check(text, { name: 'mine.ts', args: ['B30'] });
  expect({ status, results: results.map((r) => [r.id, r.verdict]) }).toEqual({
    status: 1,
    results: [['B30', 'uncured']],
  });
});

test('a scenario that calls nothing of what is replaced is left out', () => {
  expect(check(removing(AS_BASE), { args: ['B90', 'B06'] })).toEqual({ status: 0, results: [], stderr: '' });
});

test('functions that hand everything to those of the base are the base; what they print is not the report', () => {
  const { results } = check(
    `import { defineRelease } from 'mhp';
process.stdout.write('here\\n');
export default defineRelease({ base: 'v5.3', mm: (base) => ({
  *add_memory_resource(...args) { return yield* base.add_memory_resource.apply(this, args); },
}) });
`,
    { args: ['B31', 'B44', 'B60'] },
  );
  expect(results.filter(({ verdict }) => verdict !== 'clean' && verdict !== 'uncured')).toEqual([]);
  expect(results.length).toBeGreaterThan(0);
});

test('a scenario whose run on the base does not come back is undecided, and the others go on', () => {
  const own =
    'globalThis.evaluated = (globalThis.evaluated ?? 0) + 1;\nif (evaluated === 2) throw new Error("no");';
  const run = (...ids: string[]) => {
    const { status, results, stderr } = check(removing(AS_BASE, own), { args: ['--threads', '1', ...ids] });
    return { status, stderr, results: results.map((r) => [r.id, r.verdict, r.reason]) };
  };
  const late = ['B30', 'undecided', 'ended the run: no'];
  expect(run('B30')).toEqual({ status: 3, stderr: '', results: [late] });
  expect(run('B30', 'B14')).toEqual({ status: 1, stderr: '', results: [late, ['B14', 'uncured', null]] });
});
