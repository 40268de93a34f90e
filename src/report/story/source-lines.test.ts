import { expect, test } from 'vitest';
import type { Story } from '../../schedule/replay/replay.ts';
import type { SourceLine } from '../../steps/within.ts';
import { plainText, sourceText, textOf } from './source-lines.ts';

const line = (n: number, more: Partial<SourceLine> = {}): SourceLine => ({
  file: 'mm/a.c',
  line: n,
  ...more,
});
const at = (addr: string) => [
  { name: 'addr', value: addr },
  { name: 'end', value: '0x9000' },
];

test('the range of lines, and the variables that are the same in all', () => {
  expect(sourceText([])).toBe('');
  expect(sourceText([line(5)])).toBe('  (mm/a.c:5)');
  expect(sourceText([line(5, { variables: at('0x1000'), access: 'plain' })])).toBe(
    '  (mm/a.c:5; addr 0x1000, end 0x9000; plain)',
  );
  expect(
    sourceText([
      line(9, { variables: at('0x1000'), access: 'plain' }),
      line(7, { variables: at('0x2000'), access: 'volatile' }),
    ]),
  ).toBe('  (mm/a.c:7-9; end 0x9000)');
  expect(sourceText([line(9, { variables: at('0x1000') }), line(7)])).toBe('  (mm/a.c:7-9)');
});

const story = (...steps: readonly { entry: number; call: number; line: SourceLine }[]): Story =>
  ({
    events: steps.map(({ entry, call, line: place }) => ({
      thread: 0,
      step: {
        op: 'call',
        operation: { name: 'read_at' },
        args: [entry],
        by: [{ nr: call, fn: 'f' }],
        line: place,
      },
    })),
  }) as unknown as Story;

test('plain accesses are told, and those that read an entry twice in one call', () => {
  const plain = (n: number) => line(n, { access: 'plain' });
  expect(plainText(story({ entry: 8, call: 1, line: line(3, { access: 'volatile' }) }))).toBe('');
  const end = ' A compiler may do one twice, or two as one: what ran is one legal compilation among several.';
  expect(plainText(story({ entry: 8, call: 1, line: plain(3) }, { entry: 8, call: 2, line: plain(4) }))).toBe(
    `Plain accesses in C: mm/a.c:3, mm/a.c:4.${end}`,
  );
  expect(plainText(story({ entry: 8, call: 1, line: plain(3) }, { entry: 8, call: 1, line: plain(4) }))).toBe(
    `Plain accesses in C: mm/a.c:3, mm/a.c:4. The same entry is read twice by mm/a.c:3 and mm/a.c:4.${end}`,
  );
});

test('the text of the line, if there is one and one only', () => {
  expect(textOf([])).toBe(undefined);
  expect(textOf([line(3, { text: 'go();' }), line(3, { text: 'go();' })])).toBe('go();');
  expect(textOf([line(3, { text: 'go();' }), line(4, { text: 'stop();' })])).toBe(undefined);
});
