import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { InputError } from '../errors/input-error.ts';
import { runLitmus } from './run-test.ts';
import { parseLitmus } from './test.ts';

const folder = new URL('../../litmus/', import.meta.url);
const files = readdirSync(folder)
  .filter((name) => name.endsWith('.yaml'))
  .sort();
const read = (name: string): string => readFileSync(new URL(name, folder), 'utf8');

test.each(files)('%s comes out as expected', (file) => {
  const result = runLitmus(parseLitmus(read(file), file));
  expect(file).toBe(`${result.test.name}.yaml`);
  expect(result.verdict).toBe(result.test.expected);
});

test('the tests the project was asked for are there, with these verdicts', () => {
  const expected = (verdict: string) =>
    files
      .map((file) => parseLitmus(read(file), file))
      .filter((t) => t.expected === verdict)
      .map((t) => t.name);
  expect(expected('forbidden')).toEqual(
    expect.arrayContaining([
      'CoWinvT.EL1+dsb-tlbiis-dsb-isb',
      'MP.RT.EL1+dsb-tlbiis-dsb+dsb-isb',
      'RBS+dsb-tlbiis-dsb',
      'MP.BBM1+dsb-tlbiis-dsb-dsb+dsb-isb',
      'ROT.inv+dsb',
      'ROT+dsb-tlbivmallis-dsb',
      'coRR-pte9',
      'V2I-UP-DSB-TLBI-DSB-ISB2',
      'CoWTf.inv+dsb-isb',
    ]),
  );
  expect(expected('allowed')).toEqual(
    expect.arrayContaining([
      'CoWinvT+dsb-isb',
      'MP.RT.EL1+dsb-tlbi-dsb+dsb-isb',
      'ROT.inv+po',
      'coRR-pte9-nobbm',
      'coRR-pte9-noscope',
      'V2I-W-DSB.LD-TLBI-DSB.ISH-ISB-R',
      'I2V-UP-DSB',
      'BBM+dsb-tlbiis-dsb',
    ]),
  );
});

test('with the early TLBI a store outlives it; TLBI and DSB repeated, for any address, end it', () => {
  const broken = files.filter((file) => {
    const t = parseLitmus(read(file), file);
    return t.expected === 'forbidden' && runLitmus(t, 'early-tlbi').verdict === 'allowed';
  });
  expect(broken).toEqual(['WBM+dsb-tlbiis-dsb.yaml']);
  expect(files).toContain('WBM+dsb-tlbiis-dsb-tlbiis-dsb.yaml');
});

/** A test of these threads. */
const quick = (threads: readonly (readonly string[])[], ends: Record<string, unknown>, initially = {}) =>
  runLitmus(
    parseLitmus(
      JSON.stringify({
        name: 't',
        source: 's',
        asks: 'a',
        expected: 'allowed',
        initially,
        threads,
        finally: ends,
      }),
      't',
    ),
  );

describe('the order of ordinary accesses', () => {
  const mp = (first: string[], second: string[]) =>
    quick(
      [
        ['str 1, x', ...first, 'str 1, y'],
        ['ldr r0, y', ...second],
      ],
      { 'P1 r0': 1, 'P1 r1': 0 },
    ).verdict;
  test('message passing needs order on both sides', () => {
    expect(mp([], ['ldr r1, x'])).toBe('allowed');
    expect(mp(['dmb ish'], ['ldr r1, x'])).toBe('allowed');
    expect(mp([], ['dmb ishld', 'ldr r1, x'])).toBe('allowed');
    expect(mp(['dmb ishst'], ['dmb ishld', 'ldr r1, x'])).toBe('forbidden');
    expect(mp(['dmb ishst'], ['ldr r1, [x, r0]'])).toBe('forbidden');
    expect(mp(['dmb ishst'], ['cbnz r0', 'ldr r1, x'])).toBe('allowed');
    expect(mp(['dmb ishst'], ['cbnz r0', 'isb', 'ldr r1, x'])).toBe('forbidden');
    expect(mp(['dmb ishst'], ['dmb ishst', 'ldr r1, x'])).toBe('allowed');
  });

  test('store buffering needs a full barrier; load buffering a dependency', () => {
    const sb = (barrier: string[]) =>
      quick(
        [
          ['str 1, x', ...barrier, 'ldr r0, y'],
          ['str 1, y', ...barrier, 'ldr r0, x'],
        ],
        { 'P0 r0': 0, 'P1 r0': 0 },
      );
    expect(sb([]).verdict).toBe('allowed');
    expect(sb(['dmb ishst']).verdict).toBe('allowed');
    expect(sb(['dmb ish'])).toMatchObject({ verdict: 'forbidden' });
    const lb = (value: string) =>
      quick(
        [
          ['ldr r0, x', `str ${value}, y`],
          ['ldr r0, y', `str ${value}, x`],
        ],
        { 'P0 r0': 1, 'P1 r0': 1 },
      ).verdict;
    expect(lb('1')).toBe('allowed');
    expect(lb('r0')).toBe('forbidden');
  });

  test('one place: reads do not go back, a load sees the store before it', () => {
    const one = (threads: string[][], ends: Record<string, unknown>) => quick(threads, ends).verdict;
    expect(one([['str 1, x'], ['ldr r0, x', 'ldr r1, x']], { 'P1 r0': 1, 'P1 r1': 0 })).toBe('forbidden');
    expect(one([['str 1, x', 'ldr r0, x']], { 'P0 r0': 0 })).toBe('forbidden');
    expect(one([['str 1, x', 'str 2, x']], { phy_x: 1 })).toBe('forbidden');
  });

  test('the same for two names of one page', () => {
    const alias = { 'pte(x)': 'page(pa)', 'pte(y)': 'page(pa)' };
    const both = quick([['str 1, x'], ['ldr r0, x', 'ldr r1, y']], { 'P1 r0': 1, 'P1 r1': 0 }, alias);
    expect(both.verdict).toBe('forbidden');
    expect(quick([['str 1, x', 'ldr r0, y']], { 'P0 r0': 0 }, alias).verdict).toBe('forbidden');
  });
});

describe('bad input', () => {
  const text = read('ROT.inv+dsb.yaml');
  test.each([
    ['after_fault: next', 'after_fall: next', 'unrecognized key: "after_fall"'],
    ['expected: forbidden', 'expected: maybe', /line 4 expected: is not one of/],
    ['dsb sy', 'dsb dy', 'threads[0][1]: "dsb dy": dsb has no option dy'],
    ['dsb sy', 'dsbsy', 'threads[0][1]: "dsbsy": is not an instruction of a litmus test'],
    ['ldr r0, x', 'str r0, x', 'threads[1][0]: nothing is in r0 yet'],
    ['ldr r0, x', 'str 1000, x', 'threads[1][0]: "1000" is not a number'],
    ['table(new), pmd(x)', 'tabel(new), pmd(x)', 'threads[0][2]: "tabel(new)" is not a descriptor'],
    [
      'table(new), pmd(x)',
      'block(pa1+1), pmd(x)',
      'descriptor 0000000040001701 of a level 2 table: bit 12 is below the output address',
    ],
    [
      'table(new), pmd(x)',
      '0x0001000040000713, pte(x)',
      'descriptor 0001000040000713 of a level 3 table: bit 48 is reserved',
    ],
    ['pmd(x): invalid', 'pmd(x): block(pa1) no', '"block(pa1) no" is not a descriptor'],
    ['pmd(x): invalid', 'pgd(x): invalid', '"pgd(x)" names nothing'],
    ['P1 r0: fault translation 3', 'P1 r1: 0', 'P1 has no r1'],
    ['P1 r0: fault translation 3', 'P4 r0: 0', 'P4 has no r0'],
    ['P1 r0: fault translation 3', 'P1 r0: fualt', '"fualt" is not a value'],
    ['finally:\n  P1 r0: fault translation 3', 'finally: {}', 'says nothing'],
  ])('%s as %s', (was, is, message) => {
    expect(text).toContain(was);
    const bad = () => runLitmus(parseLitmus(text.replace(was, is), 'bad.yaml'));
    expect(bad).toThrow(InputError);
    expect(bad).toThrow(message);
    expect(bad).toThrow(/^bad\.yaml: /);
  });

  test('whatever the text, nothing but an InputError leaves the reader', () => {
    const word = fc.constantFrom(
      'ldr',
      'str',
      'r0,',
      '1,',
      'x',
      'pte(x)',
      '[x,',
      'r0]',
      'tlbi',
      'vae1is',
      'page(pa),',
      'dsb',
      'sy',
      ':',
      'x+9',
      '+',
      '0x1,',
    );
    const line = fc.array(word, { maxLength: 5 }).map((words) => words.join(' '));
    fc.assert(
      fc.property(line, line, fc.string(), (a, b, end) => {
        const test = {
          name: 't',
          source: 's',
          asks: 'a',
          expected: 'allowed',
          threads: [[a], [b]],
          finally: { [end]: b },
        };
        try {
          runLitmus(parseLitmus(JSON.stringify(test), 't'));
        } catch (error) {
          expect(error).toBeInstanceOf(InputError);
        }
      }),
      { numRuns: 1000 },
    );
  });
});
