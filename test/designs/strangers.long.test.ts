import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { removing } from './design-file.ts';

// Designs that do what none should: each is answered in one line that names the place, and nothing is left running.

const main = new URL('../../dist/cli/main.js', import.meta.url).pathname;
const folder = mkdtempSync(join(tmpdir(), 'mhp-strangers-'));
afterAll(() => rmSync(folder, { recursive: true }));

const OUTSIDE = 'a design has no files, network, timers, processes or workers (mine.js:5)';
const CHANGING = 'what a design does depends on the state of the kernel alone (mine.js:5)';
const AS_BASE = 'yield* base.remove_pagetable.call(this, start, end, sparse_vmap);';

function check(text: string, name = 'mine.js') {
  const file = join(folder, name);
  writeFileSync(file, text);
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, 'check', '--design', file, 'B14'], {
    encoding: 'utf8',
    timeout: 60_000,
  });
  const [, reason] = /^B14 stopped: design: (.*)$/m.exec(stdout) ?? [];
  return { status, reason, stderr: stderr.replaceAll(folder, 'FOLDER') };
}

test.each([
  ['throw undefined;', 'remove_pagetable threw undefined'],
  [
    'throw new Proxy({}, { get() { throw 1; }, getPrototypeOf() { throw 2; } });',
    'remove_pagetable threw something that cannot be shown',
  ],
  ['yield Promise.resolve(1);', 'remove_pagetable yields an object, which is not a step of kernel code'],
  [
    `yield${AS_BASE.slice('yield*'.length)}`,
    'remove_pagetable yields the steps of a call, and none of them: write yield* before the call',
  ],
  [
    `return${AS_BASE.slice('yield*'.length)}`,
    'remove_pagetable returned the steps of a call that it did not take: write yield* before the call',
  ],
  ["yield { op: 'peek' };", 'remove_pagetable yields op "peek", which is not a step of kernel code'],
  [
    'yield { get op() { throw new Error("no"); } };',
    'remove_pagetable yields an object that throws when it is looked at, which is not a step',
  ],
  ["yield* this.set_pte('x', 'y');", 'remove_pagetable yields write_at at "x", which is not an address'],
  [
    'const a = {}; a.a = a; yield* W("vars", 0, "max_pfn", a);',
    'remove_pagetable yields write with value an object, which is not plain data',
  ],
  [
    'yield* W("vars", 0, "max_pfn", 1n);',
    'remove_pagetable yields write with value 1, which is not plain data',
  ],
  [
    'yield* R("vars", Symbol("x"), "max_pfn");',
    'remove_pagetable yields read with key Symbol(x), which is not a number',
  ],
  [
    'yield* this.remove_pagetable(start, end, sparse_vmap);',
    'remove_pagetable threw RangeError: Maximum call stack size exceeded (mine.js:5)',
  ],
  [
    'yield* this.free_emty_tables();',
    /\(mine.js:5: the kernel has no free_emty_tables\(\); near it: free_empty_tables/,
  ],
  [
    'this.c.PAGE_SIZE = 1;',
    /^remove_pagetable threw TypeError: Cannot assign to read only property 'PAGE_SIZE' .*\(mine.js:5\)$/,
  ],
  [
    'this.remove_pagetable = null;',
    /^remove_pagetable threw TypeError: Cannot assign to read only property 'remove_pagetable' /,
  ],
  [
    'Array.prototype.map = null;',
    /^remove_pagetable threw TypeError: Cannot assign to read only property 'map' /,
  ],
  ['if (Math.random() < 0.5) return;', `remove_pagetable threw Error: there is no Math.random: ${CHANGING}`],
  ['if (Date.now() % 2) return;', `remove_pagetable threw Error: there is no Date: ${CHANGING}`],
  ['fetch("http://localhost/");', `remove_pagetable threw Error: there is no fetch: ${OUTSIDE}`],
  ['process.kill(process.pid);', `remove_pagetable threw Error: there is no process.kill: ${OUTSIDE}`],
  ['setTimeout(() => {}, 1e9);', `remove_pagetable threw Error: there is no setTimeout: ${OUTSIDE}`],
  [
    'globalThis.process.binding("fs");',
    `remove_pagetable threw Error: there is no process.binding: ${OUTSIDE}`,
  ],
  [
    'R.constructor("return process")();',
    'remove_pagetable threw EvalError: Code generation from strings disallowed for this context (mine.js:5)',
  ],
  [
    'const name = "node:net"; import(name).catch(() => {}); null.x;',
    "remove_pagetable threw TypeError: Cannot read properties of null (reading 'x') (mine.js:5)",
  ],
])('in a function: %s', (body, reason) => {
  const found = check(removing(body));
  expect([found.status, found.stderr]).toEqual([2, '']);
  if (typeof reason === 'string') expect(found.reason).toBe(reason);
  else expect(found.reason).toMatch(reason);
});

test('an operation that changes what it does not declare', () => {
  const before = `import { operation } from 'mhp';
const bad = operation({ name: 'bad', obj: 'vars', writes: false, run: (state) => state.vars.set(99, {}) && 1 });`;
  expect(check(removing(`yield* look(bad); ${AS_BASE}`, before)).reason).toBe(
    'remove_pagetable changes vars in bad(), which says that it changes nothing',
  );
});

const design = (rest: string) =>
  `import { defineRelease } from 'mhp';\nexport default defineRelease({ ${rest} });`;

test.each([
  [
    'import fs from "node:fs"; export default fs;',
    'line 1: imports "node:fs": a module imports mhp and files of its own folder',
  ],
  [
    'import { z } from "zod"; export default z;',
    'line 1: imports "zod": a module imports mhp and files of its own folder',
  ],
  [
    'import x from "../../etc/hostname.json"; export default x;',
    /^line 1: Could not resolve|is not in the design's folder/,
  ],
  ['import { nothing } from "mhp";\nexport default nothing();', 'mhp has no nothing (mine.js:2)'],
  ['for (;;);', 'its loading does not end within 5 s'],
  ['throw 7;', 'it threw 7'],
  [
    'await 1; export default 1;',
    'line 1: await outside of a function: a module is evaluated anew for each run, and waits for nothing',
  ],
  ['export default new Proxy({}, { get() { for (;;); } });', 'its loading does not end within 5 s'],
  [design("base: 'v9.9', mm: { *offline_pages() {} }"), /^base: "v9.9" is not a modelled release; near it: /],
  [
    design("base: 'v6.1', mm: { *offlin_pages() {} }"),
    'mm: v6.1 has no offlin_pages(); near it: offline_pages, online_pages',
  ],
  [
    design("base: 'v6.1', mm: { async offline_pages() {} }"),
    'mm: offline_pages is async: kernel functions are not',
  ],
  [design("name: 'v6.1', base: 'v6.1', mm: { *offline_pages() {} }"), 'name: v6.1 is a release of the model'],
  [design("base: 'v6.1', ['m'.repeat(1e5)]: {}"), /^m{500}…$/],
  ['', 'it has no default export'],
])('as a module: %s', (text, message) => {
  const { status, stderr } = check(text);
  expect([status, stderr.split('\n').length]).toEqual([2, 2]);
  const said = stderr.slice('mhp: FOLDER/mine.js: '.length).trimEnd();
  if (typeof message === 'string') expect(said).toBe(message);
  else expect(said).toMatch(message);
});
