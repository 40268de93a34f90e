import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checkDesign, removing } from './design-file.ts';

// mhp check --design, started as by a user, on a file outside the program's folder (test/global-setup.ts has built it).

const main = new URL('../../dist/cli/main.js', import.meta.url).pathname;
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
      'remove_pagetable threw Error: there is no process.exit: a design has no files, network, timers, processes or workers (mine.js:5)',
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

  test('does not take the steps of calls: of the module, of mhp', () => {
    const body = `helper(); lock('a', 'mutex'); ${AS_BASE}`;
    const { status, results } = check(
      removing(body, "function* helper() { yield* R('vars', 0, 'max_pfn'); }"),
    );
    expect([status, results[0]!.reason]).toEqual([
      2,
      'remove_pagetable calls helper(), lock() and does not take the steps: write yield* before the call',
    ]);
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
      failure: { kind: 'wild-access', text: 'memory999 does not exist' },
    },
    {
      id: 'B01',
      verdict: 'broken',
      failure: { kind: 'bug', text: 'BUG at a read: memory999 does not exist' },
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

test('what a design prints is shown as its own', () => {
  const { stderr } = check(removing(`console.log('at', start);\n${AS_BASE}`, "console.log('loaded');"));
  expect(stderr).toContain('design: loaded\ndesign: at -274894684160\n');
});

test('a token of a design is replayed with its file, wherever that lies', () => {
  const timeline = join(folder, 'story.json');
  const { results } = check(removing(AS_BASE), { args: ['B14', '--timeline', timeline], name: 'first.js' });
  expect(JSON.parse(readFileSync(timeline, 'utf8')).traceEvents.length).toBeGreaterThan(0);
  const token = results[0]!.token!;
  const replay = (...args: string[]) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [main, 'replay', token, ...args], {
      encoding: 'utf8',
      cwd: folder,
    });
    return { status, stdout, stderr };
  };
  expect(replay()).toEqual({
    status: 2,
    stdout: '',
    stderr: 'mhp: the token is of B14 on design, which is a design: name its file with --design\n',
  });
  renameSync(join(folder, 'first.js'), join(folder, 'moved.js'));
  const again = replay('--design', 'moved.js');
  expect(again).toMatchObject({ status: 1, stderr: '' });
  expect(again.stdout).toContain(
    'use-after-free: read of a page table entry in pfn 0x40203, which is free.\n',
  );
  writeFileSync(
    join(folder, 'other.js'),
    removing(AS_BASE).replace("base: 'arm64-v5'", "name: 'other', base: 'arm64-v5'"),
  );
  expect(replay('--design', 'other.js').stderr).toBe('mhp: the token is of design design, not of other\n');
  writeFileSync(join(folder, 'changed.js'), removing(''));
  expect(replay('--design', 'changed.js')).toMatchObject({ status: 1, stdout: '' });
});

test('a series: each design is on the one before it, and which of them mends what is said', () => {
  const named = (name: string, text: string) => {
    writeFileSync(
      join(folder, `${name}.js`),
      text.replace('defineRelease({', `defineRelease({ name: '${name}',`),
    );
    return ['--design', join(folder, `${name}.js`)];
  };
  const idle = named('idle', removing(AS_BASE));
  const kept = named(
    'kept',
    removing('if (!sparse_vmap) return; yield* lock("a", "mutex"); yield* unlock("a", "mutex");'),
  );
  const worse = named('worse', removing(`${AS_BASE} null.x;`));
  const run = spawnSync(process.execPath, [main, 'check', ...idle, ...kept, ...worse, 'B14', '--json'], {
    encoding: 'utf8',
  });
  expect(run.status).toBe(2);
  const { series, results } = JSON.parse(run.stdout);
  expect(series.map(({ name }: { name: string }) => name)).toEqual(['idle', 'kept', 'worse']);
  expect(results[0].series.map(({ verdict }: { verdict: string }) => verdict)).toEqual([
    'uncured',
    'clean',
    'stopped',
  ]);
  expect(results[0].changes).toMatchObject([
    { design: 'kept', what: 'mends' },
    { design: 'worse', what: 'breaks', after: expect.stringContaining('(worse.js:5)') },
  ]);
  writeFileSync(join(folder, 'v6.js'), removing(AS_BASE).replace('arm64-v5', 'arm64-v6'));
  const apart = spawnSync(
    process.execPath,
    [main, 'check', ...idle, '--design', join(folder, 'v6.js'), 'B14'],
    {
      encoding: 'utf8',
    },
  );
  expect([apart.status, apart.stderr.replaceAll(folder, 'FOLDER')]).toEqual([
    2,
    'mhp: FOLDER/v6.js: base: "arm64-v6" is not what the series is on, which is arm64-v5\n',
  ]);
});

test('an interrupted check says how many scenarios have ended', async () => {
  const file = join(folder, 'tells.js');
  writeFileSync(file, removing(`console.log('begun'); ${AS_BASE}`));
  const args = [main, 'check', '--design', file, '--json', '--threads', '1', 'B10', 'B16', 'B14'];
  const child = spawn(process.execPath, args);
  const said = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const)
    child[stream].setEncoding('utf8').on('data', (chunk: string) => {
      if (said.stderr === '' && stream === 'stderr') child.kill('SIGINT');
      said[stream] += chunk;
    });
  expect(await new Promise((resolve) => child.on('close', resolve))).toBe(64);
  const [, count] = /^mhp: interrupted after (\d) of 3 scenarios$/m.exec(said.stderr)!;
  const { scenarios, ended, results } = JSON.parse(said.stdout);
  expect([scenarios, ended, results.length]).toEqual([3, Number(count), Number(count)]);
});
