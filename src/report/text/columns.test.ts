import { describe, expect, it } from 'vitest';
import { pairLines, rawLines, tableLines } from './columns.ts';

const columns = [
  { name: 'LEFT', right: false },
  { name: 'SIZE', right: true, hint: 5 },
  { name: 'LAST', right: true },
] as const;
const rows = [
  ['a', '128M', ''],
  ['long one', '', '7'],
];

describe('a table', () => {
  it('is as wide as its cells, and does not pad an empty last cell', () => {
    expect(tableLines(columns, rows, true)).toEqual([
      'LEFT      SIZE LAST',
      'a         128M ',
      'long one          7',
    ]);
  });

  it('widens a column with a hint only when a cell is as wide as the heading', () => {
    expect(tableLines(columns, [['a', '21G', '1']], true)).toEqual(['LEFT SIZE LAST', 'a     21G    1']);
  });

  it('counts headings that are not shown', () => {
    expect(tableLines(columns, [['a', '1G', '1']], false)).toEqual(['a      1G    1']);
  });
});

it('raw lines have one blank between cells', () => {
  expect(rawLines(columns, rows, true)).toEqual(['LEFT SIZE LAST', 'a 128M ', 'long one  7']);
});

it('pairs name every cell', () => {
  expect(pairLines(columns, rows)[0]).toBe('LEFT="a" SIZE="128M" LAST=""');
});
