import { expect, test } from 'vitest';
import type { DesignRow, DesignRun } from './design-row.ts';
import { type DesignReport, designJson, designStatus, designText } from './design-text.ts';

const result = { failure: null, reason: null, within: [], states: 1, steps: 1, story: null, token: null };
const clean: DesignRow = {
  id: 'B1',
  title: 'One',
  calls: ['f'],
  base: { ...result, verdict: 'clean' },
  runs: [{ ...result, verdict: 'clean' }],
  design: { ...result, verdict: 'clean' },
};
const late = { ...result, verdict: 'undecided' as const, reason: 'does not end within 10.2 s' };
const open: DesignRow = { id: 'B2', title: 'Two', calls: [], base: late, runs: [late], design: late };

const report = (rows: readonly DesignRow[], ended: number): DesignReport => ({
  files: ['mine.js'],
  base: 'v6.1',
  designs: [{ name: 'mine', about: '', replaced: ['f', 'g'] }],
  scenarios: 3,
  ended,
  rows,
});

test('a whole run says which replaced functions no scenario calls', () => {
  expect(designText(report([clean], 3), false)).toBe(`mine: v6.1 with its own f, g
note: on v6.1 none of the scenarios calls g

ID v6.1  mine  TITLE
B1 clean clean One

1 of 3 scenarios calls what it replaces: 1 clean
`);
});

test('an interrupted run says how many scenarios it ran, and nothing about the others', () => {
  expect(designText(report([clean], 2), false)).toBe(`mine: v6.1 with its own f, g

ID v6.1  mine  TITLE
B1 clean clean One

2 of 3 scenarios were run: 1 of 2 scenarios calls what it replaces: 1 clean
`);
  expect(designText(report([], 0), false)).toBe(`mine: v6.1 with its own f, g

0 of 3 scenarios were run: 0 of 0 scenarios call what it replaces
`);
});

test('a scenario that does not end on the base is undecided', () => {
  const rows = [clean, open];
  expect(designText(report(rows, 3), false)).toBe(`mine: v6.1 with its own f, g

ID v6.1      mine      TITLE
B1 clean     clean     One
B2 undecided undecided Two

B2 undecided: v6.1: does not end within 10.2 s

1 of 3 scenarios calls what it replaces: 1 clean; 1 not decided on v6.1
`);
  expect(designStatus(rows)).toBe(3);
});

const failed = (verdict: 'broken' | 'uncured', text: string): DesignRun => ({
  ...result,
  verdict,
  failure: { kind: 'bug', subjects: {}, text },
  token: 'mhp1-x',
});
const series: DesignReport = {
  files: ['a.js', 'my b.js'],
  base: 'v5.7',
  designs: [
    { name: 'a', about: '', replaced: ['f'] },
    { name: 'b', about: '', replaced: ['f', 'g'] },
  ],
  scenarios: 3,
  ended: 3,
  rows: [
    {
      ...clean,
      base: { ...result, verdict: 'found', failure: { kind: 'warn', subjects: {}, text: 'w' } },
      runs: [{ ...result, verdict: 'clean' }, failed('broken', 'x')],
      design: failed('broken', 'x'),
    },
    {
      ...clean,
      id: 'B3',
      base: { ...result, verdict: 'found', failure: { kind: 'warn', subjects: {}, text: 'w' } },
      runs: [failed('uncured', 'w'), failed('uncured', 'w')],
      design: failed('uncured', 'w'),
    },
  ],
};

test('a series says which of its designs mends and breaks a scenario', () => {
  expect(designText(series, true)).toBe(`series on v5.7:
a: v5.7 with its own f
b: a with its own f, g
note: on v5.7 none of the scenarios calls g

ID v5.7   a       b       TITLE
B1 broken clean   broken  One
B3 broken uncured uncured One

B1: a mends it (it was warn: w)
B1: b breaks it: bug: x
B3: a fails in another way: bug: w (it was warn: w)

B1 broken: bug: x (it was warn: w)
    mhp replay --design a.js --design 'my b.js' mhp1-x
B3 uncured: bug: w
    mhp replay --design a.js --design 'my b.js' mhp1-x

2 of 3 scenarios call what they replace: 1 broken, 1 uncured
`);
  expect(designJson(series)).toMatchObject({
    design: 'b',
    series: [
      { file: 'a.js', name: 'a' },
      { file: 'my b.js', name: 'b' },
    ],
    results: [
      {
        verdict: 'broken',
        changes: [
          { design: 'a', what: 'mends' },
          { design: 'b', what: 'breaks' },
        ],
      },
      {},
    ],
  });
});
