import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { ImpossibleMachine } from '../../errors/impossible-machine.ts';
import { InputError } from '../../errors/input-error.ts';
import * as steps_by_kind from '../steps/index.ts';
import { parseScenario } from './read.ts';
import { scenarioJsonSchema } from './schema.ts';

const kinds = Object.keys(steps_by_kind).sort().join(', ');

// Any input gives a Scenario, or an InputError of one line.

const folder = new URL('../../../scenarios/', import.meta.url);
const valid = readdirSync(folder)
  .filter((name) => name.endsWith('.yaml'))
  .map((name) => readFileSync(new URL(name, folder), 'utf8'));

function read(text: string): 'scenario' | 'error' {
  try {
    const scenario = parseScenario(text, 'x.yaml');
    expect(scenario.steps.length > 0 || scenario.interleaved !== null).toBe(true);
    expect(scenario.lines.length).toBe(scenario.steps.length);
    return 'scenario';
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    expect(error.message).toMatch(/^x\.yaml: [^\n]+$/);
    expect(error.message.length).toBeLessThan(2000);
    return 'error';
  }
}

const odd = fc.oneof(
  fc.constantFrom<unknown>(
    ...[
      0,
      -1,
      1,
      2 ** 52,
      2 ** 53,
      1e308,
      0.5,
      '',
      ' ',
      '0',
      '-1',
      '128M',
      '4P',
      '9999999999999999',
      '0x',
      '0xffffffffffffffff',
    ],
    ...[
      null,
      true,
      [],
      {},
      [[]],
      '2..1',
      '0..999999999',
      'memory0..memory5',
      'memory999999999',
      '~',
      'E2BIG',
      'any',
      'BUG',
    ],
    ...[
      '__proto__',
      'constructor',
      'toString',
      '\u0000',
      '\u2028',
      'v6.1',
      'arm64-v6',
      'v0.1',
      '6.1.0-56-amd64',
      'host',
      1023,
      1024,
    ],
  ),
  fc.string({ maxLength: 12 }),
  fc.integer(),
  fc.double({ noNaN: true }),
);
const keys = fc.constantFrom(
  ...[
    'schema',
    'id',
    'title',
    'machine',
    'release',
    'fixed',
    'failure',
    'why',
    'steps',
    'add',
    'remove',
    'online',
    'offline',
  ],
  ...[
    'device_add',
    'device_del',
    'use',
    'as',
    'write',
    'path',
    'value',
    'expect',
    'message',
    'ost',
    'start',
    'size',
    'node',
    'blocks',
  ],
  ...[
    'arch',
    'ram',
    'nodes',
    'holes',
    'page_size',
    'block_size',
    'boot_options',
    'cpus',
    'count',
    'stride',
    '__proto__',
    'x',
    '',
  ],
);
const structure = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    odd,
    fc.array(tie('value'), { maxLength: 4 }),
    fc.array(fc.tuple(keys, tie('value')), { maxLength: 5 }).map((pairs) => Object.fromEntries(pairs)),
  ),
})).value;

/** A valid scenario with a few values replaced, keys renamed, parts dropped or repeated. */
const edited = fc
  .tuple(
    fc.constantFrom(...valid),
    fc.array(
      fc.record({
        at: fc.double({ min: 0, max: 1, noNaN: true }),
        length: fc.nat(20),
        junk: fc.oneof(
          fc.string({ maxLength: 6 }),
          fc.constantFrom(
            '\n',
            '  ',
            '- ',
            ': ',
            '{',
            '}',
            '[',
            ']',
            '"',
            "'",
            '&a ',
            '*a',
            '!!x ',
            '# ',
            '? ',
            '<<: ',
            '\t',
            '-1',
            '0x',
            '99999999999999999999',
            '...',
            '---\n',
            '|\n',
            '%',
          ),
        ),
        kind: fc.constantFrom('cut', 'insert', 'repeat', 'end', 'put'),
      }),
      { minLength: 1, maxLength: 4 },
    ),
  )
  .map(([text, edits]) => {
    let out = text;
    for (const { at, length, junk, kind } of edits) {
      const i = Math.floor(at * out.length);
      const rest = out.slice(i);
      if (kind === 'cut') out = out.slice(0, i) + rest.slice(length);
      else if (kind === 'insert') out = out.slice(0, i) + junk + rest;
      else if (kind === 'repeat') out = out.slice(0, i) + rest.slice(0, length) + rest;
      else if (kind === 'end') out = out.slice(0, i);
      else out = out.slice(0, i) + junk + rest.slice(junk.length);
    }
    return out;
  });

describe('ten thousand inputs and more', () => {
  const check = (inputs: fc.Arbitrary<string>, numRuns: number): Record<string, number> => {
    const count = { scenario: 0, error: 0 };
    fc.assert(
      fc.property(inputs, (text) => {
        count[read(text)]++;
      }),
      { seed: 8, numRuns },
    );
    return count;
  };

  test('text of any kind', () => {
    const text = fc.oneof(
      fc.string({ maxLength: 60 }),
      fc.string({ unit: 'binary', maxLength: 40 }),
      fc.string({
        unit: fc.constantFrom('-', ' ', ':', '\n', '[', '{', '?', '*', '&', '!', '|', '>', 'a', '0', '"'),
        maxLength: 60,
      }),
    );
    expect(check(text, 4000).scenario).toBe(0);
  });

  test('edited scenarios', () => {
    const { scenario, error } = check(edited, 4000);
    expect(scenario).toBeGreaterThan(100);
    expect(error).toBeGreaterThan(2000);
  });

  test('structures of any kind', () => {
    const parts = fc.record({ machine: structure, steps: structure, rest: structure });
    const whole = parts.map(({ machine, steps, rest }) =>
      stringify({ ...(typeof rest === 'object' && rest !== null ? rest : {}), machine, steps }),
    );
    check(whole, 2000);
  });

  test('a sound machine and odd steps', () => {
    const machine = { arch: 'x86_64', ram: [{ start: 0, size: '1G' }] };
    const step = fc
      .tuple(keys, fc.oneof(odd, fc.dictionary(keys, odd, { maxKeys: 4 })))
      .map(([key, value]) => ({ [key]: value }));
    const whole = fc
      .array(step, { minLength: 1, maxLength: 3 })
      .map((steps) => stringify({ machine, steps }));
    const { scenario, error } = check(whole, 2000);
    expect(scenario).toBeGreaterThan(0);
    expect(error).toBeGreaterThan(1000);
  });
});

describe('typical mistakes, word for word', () => {
  const machine = 'machine: {arch: x86_64, ram: [{start: 0, size: 1G}]}\n';
  const steps = 'steps:\n  - online: 40\n';
  const bomb = `a: &a [1,1,1,1,1,1,1,1,1]\n${'bcdefgh'
    .split('')
    .map((c, i) => `${c}: &${c} [${`*${'abcdefg'[i]},`.repeat(9).slice(0, -1)}]\n`)
    .join('')}`;

  test.each([
    ['nothing', '', 'x.yaml: is empty'],
    ['an unknown key', `${machine}${steps}stepz: 1\n`, 'x.yaml: line 1: unrecognized key: "stepz"'],
    ['no steps', machine, 'x.yaml: has neither steps nor threads: there is nothing to do'],
    [
      'no step',
      `${machine}steps: []\n`,
      'x.yaml: line 2 steps: is empty, and there are no threads: there is nothing to do',
    ],
    [
      'an unknown step',
      `${machine}steps:\n  - frobnicate: 40\n`,
      `x.yaml: line 3 steps[0].frobnicate: is not an operation; there are ${kinds}`,
    ],
    [
      'a step that is misspelt',
      `${machine}steps:\n  - onlin: 40\n`,
      'x.yaml: line 3 steps[0].onlin: is not an operation; near it: online, online_kernel, online_movable',
    ],
    [
      'two keys',
      `${machine}steps:\n  - online: 40\n    offline: 41\n`,
      'x.yaml: line 3 steps[0]: is not a step: it must have one key, the operation',
    ],
    [
      'a word for a step',
      `${machine}steps:\n  - online: 40\n  - offline\n`,
      'x.yaml: line 4 steps[1]: is not a step: one key, the operation, with what it takes',
    ],
    [
      'a bad size',
      `${machine}steps:\n  - add: {start: 5G, size: 128 MB}\n`,
      'x.yaml: line 3 steps[0].add.size: is not a number of bytes such as 134217728, "128M" or "0x8000000"',
    ],
    [
      'a negative size',
      `${machine}steps:\n  - add: {start: 5G, size: -1}\n`,
      'x.yaml: line 3 steps[0].add.size: is not a number of bytes such as 134217728, "128M" or "0x8000000"',
    ],
    [
      'a bad block',
      `${machine}steps:\n  - online: forty\n`,
      'x.yaml: line 3 steps[0].online.blocks: is not a block such as 40, "memory40" or "40..47"',
    ],
    [
      'an unknown release',
      `${machine}release: v4.19\n${steps}`,
      'x.yaml: line 2 release: "v4.19" is not a modelled release; near it: v5.2',
    ],
    [
      'an unknown release it is fixed in',
      `${machine}fixed: [v6.1, nonsense]\n${steps}`,
      'x.yaml: line 2 fixed[1]: "nonsense" is not a modelled release',
    ],
    [
      'a range of releases that begins with none',
      `${machine}fixed: [v5.2, v5.5+]\n${steps}`,
      'x.yaml: line 2 fixed[1]: "v5.5" bounds no range of releases; there are v5.2, v5.3, v5.4, v5.7, v5.10, v6.1, v6.6, v6.8, v6.12, v6.15, v6.18, v7.0, v7.2',
    ],
    [
      'a range of releases the wrong way round',
      `${machine}fixed: [v6.1..v5.7]\n${steps}`,
      'x.yaml: line 2 fixed[0]: v6.1 comes after v5.7',
    ],
    [
      'let without threads',
      `${machine}${steps}let: {a: 1K}\n`,
      'x.yaml: line 4 let: is for scenarios with threads',
    ],
    ['no thread', `${machine}threads: {}\n`, 'x.yaml: line 2 threads: names no thread'],
    [
      'a function that is none',
      `${machine}threads: {a: [vmaloc(1)]}\n`,
      'x.yaml: line 2 threads.a[0]: vmaloc() is not a function of a modelled kernel; near it: vmalloc()',
    ],
    [
      'a line that is none',
      `${machine}threads:\n  a:\n    - vfree(1\n`,
      'x.yaml: line 4 threads.a[0]: ")" is missing before its end',
    ],
    ['a key twice', `${machine}${machine}${steps}`, 'x.yaml: line 1 column 1: key "machine" appears twice'],
    [
      'a machine of no architecture',
      `machine: {arch: ia64, ram: [{start: 0, size: 1G}]}\n${steps}`,
      'x.yaml: line 1 machine.arch: is not one of arm64, x86_64',
    ],
    [
      'a range past 2^52',
      `machine: {arch: x86_64, ram: [{start: 4P, size: 1G}]}\n${steps}`,
      'x.yaml: line 1 ram[0]: ends past 2^52',
    ],
    [
      'RAM that overlaps',
      `machine: {arch: x86_64, ram: [{start: 0, size: 2G}, {start: 1G, size: 2G}]}\n${steps}`,
      'x.yaml: line 1 ram[1]: overlaps another range',
    ],
    [
      'broken YAML',
      `${machine}steps: [\n`,
      'x.yaml: line 3 column 1: Flow sequence in block collection must be sufficiently indented and end with a ]',
    ],
    [
      'a YAML bomb',
      `${bomb}${machine}${steps}`,
      'x.yaml: is not valid YAML: Excessive alias count indicates a resource exhaustion attack',
    ],
    ['deep nesting', `${'['.repeat(100)}`, 'x.yaml: line 1: is nested too deeply'],
    [
      'an errno that is none',
      `${machine}steps:\n  - online: {blocks: 40, expect: busy}\n`,
      'x.yaml: line 3 steps[0].online.expect: is not a result: success, BUG, any, or an errno such as EBUSY',
    ],
  ])('%s', (_, text, message) => {
    expect(() => parseScenario(text, 'x.yaml')).toThrow(InputError);
    try {
      parseScenario(text, 'x.yaml');
    } catch (error) {
      expect((error as Error).message).toBe(message);
    }
  });
});

describe('short forms', () => {
  const steps = (text: string) =>
    parseScenario(`machine: {arch: x86_64, ram: [{start: 0, size: 1G}]}\nsteps:\n${text}`, 'x.yaml').steps;
  test.each([
    ['- online: 40', { kind: 'online', step: { blocks: 40 } }],
    ['- offline: memory40', { kind: 'offline', step: { blocks: 'memory40' } }],
    ['- online_movable: 40..47', { kind: 'online_movable', step: { blocks: '40..47' } }],
    ['- device_del: dimm0', { kind: 'device_del', step: { id: 'dimm0' } }],
    ['- unpin:', { kind: 'unpin', step: {} }],
    ['- system_state: booting', { kind: 'system_state', step: { state: 'booting' } }],
    [
      '- add: {start: 0x140000000, size: 128M}',
      { kind: 'add', step: { start: 5 * 2 ** 30, size: '128M', node: 0, flags: 0 } },
    ],
  ])('%s', (text, step) => expect(steps(text)).toEqual([step]));
});

test('what an entry is fixed in: names and ranges, each release once', () => {
  const text = 'machine: x\nfixed: [S0, v5.2..v5.4, v5.4, v6.1+]\nsteps: [unpin: ]\n';
  expect(parseScenario(text, 'x.yaml').fixed.map(({ name }) => name)).toEqual([
    'arm64-v6',
    'v5.2',
    'v5.3',
    'v5.4',
    'v6.1',
    'v6.6',
    'v6.8',
    'v6.12',
    'v6.15',
    'v6.18',
    'v7.0',
    'v7.2',
  ]);
});

test('every scenario file is read, and names its own machine', () => {
  for (const text of valid) expect(read(text)).toBe('scenario');
});

test('the JSON Schema knows every operation', () => {
  const text = JSON.stringify(scenarioJsonSchema());
  for (const kind of ['offline_and_remove', 'device_add', 'lose_resource', 'system_state']) {
    expect(text).toContain(`"${kind}"`);
  }
  expect(new ImpossibleMachine('x').name).toBe('ImpossibleMachine');
});
