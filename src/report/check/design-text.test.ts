import { expect, test } from 'vitest';
import { type DesignReport, type DesignRow, designStatus, designText } from './design-text.ts';

const result = { failure: null, reason: null, within: [], states: 1, steps: 1, story: null };
const clean: DesignRow = {
  id: 'B1',
  title: 'One',
  calls: ['f'],
  base: { ...result, verdict: 'clean' },
  design: { ...result, verdict: 'clean' },
};
const late = { ...result, verdict: 'undecided' as const, reason: 'does not end within 10.2 s' };
const open: DesignRow = { id: 'B2', title: 'Two', calls: [], base: late, design: late };

const report = (rows: readonly DesignRow[], ended: number): DesignReport => ({
  file: 'mine.js',
  name: 'mine',
  base: 'v6.1',
  about: '',
  replaced: ['f', 'g'],
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
