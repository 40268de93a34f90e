import { describe, expect, it } from 'vitest';
import { parseVa, translation } from '../../geometry/translation.ts';
import {
  AF,
  AP_RDONLY,
  CONT,
  PXN,
  SH_INNER,
  SW_DIRTY,
  TABLE_BIT,
  UXN,
  VALID,
} from '../../hardware/descriptor/descriptor.ts';
import { leafAttr, lineAttr } from './attributes.ts';
import { runsOf } from './leaf-runs.ts';
import { parsePtdump } from './ptdump-text.ts';
import { parseTables } from './tables.ts';

const TYPES = ['MEM/NORMAL', 'MEM/NORMAL-TAGGED', 'MEM/NORMAL-NC', 'DEVICE/nGnRnE', 'DEVICE/nGnRE'];
const KERNEL = VALID | AF | PXN | UXN | SH_INNER;

describe('attributes', () => {
  it('of a leaf walked from outside', () => {
    expect(leafAttr('AP=0 RW-EL1 PXN UXN AF G sw55(DIRTY) SH3 ATTR1', false)).toBe(
      KERNEL | TABLE_BIT | SW_DIRTY | (1 << 2),
    );
    expect(leafAttr('AP=2 RO-EL1 PXN UXN AF G CONT SH3 ATTR0', true)).toBe(KERNEL | AP_RDONLY | CONT);
  });

  it.each([
    '',
    'AP=0',
    'AP=0 RO-EL1 SH3 ATTR0',
    'AP=4 SH3 ATTR0',
    'AP=0 SH3 ATTR0 AF AF',
    'AP=0 SH3 ATTR8',
    'AP=0 SH3 ATTR0 constructor',
  ])('are not %j', (text) => {
    expect(leafAttr(text, false)).toBeUndefined();
  });

  it('of a line', () => {
    expect(lineAttr('       RW NX SHD AF            UXN    MEM/NORMAL-TAGGED', TYPES)).toBe(
      KERNEL | TABLE_BIT | (1 << 2),
    );
    expect(lineAttr('       ro NX SHD AF    CON BLK UXN    MEM/NORMAL', TYPES)).toBe(
      KERNEL | AP_RDONLY | CONT,
    );
    expect(lineAttr(' F     RW x      AF        BLK        MEM/NORMAL', TYPES)).toBe(AF);
  });

  it.each([
    '',
    'RW',
    'RW NX ro',
    'RW NX x',
    'RW NX MEM/DEVICE',
    'RW NX MEM/NORMAL UXN',
    'RW RW NX',
    'RW NX toString',
  ])('of a line are not %j', (text) => {
    expect(lineAttr(text, TYPES)).toBeUndefined();
  });
});

describe('kernel_page_tables', () => {
  const parse = (...lines: string[]) => parsePtdump(lines.join('\n'), TYPES, 'x', 'dump');

  it('is runs and markers', () => {
    expect(
      parse(
        '---[ Linear Mapping start ]---',
        '0xffff000000000000-0xffff000040000000           1G PUD',
        '0xffff000040000000-0xffff00004097c000        9712K PTE       RW NX SHD AF            UXN    MEM/NORMAL',
        '---[ Linear Mapping end ]---',
        '---[ Modules start ]---',
        '0xffff800000000000-0x0000000000000000         128T PGD',
        '',
      ),
    ).toEqual({
      runs: [
        { start: parseVa('ffff000000000000'), end: parseVa('ffff000040000000'), level: 'PUD', attr: 0 },
        {
          start: parseVa('ffff000040000000'),
          end: parseVa('ffff00004097c000'),
          level: 'PTE',
          attr: KERNEL | TABLE_BIT,
        },
        { start: parseVa('ffff800000000000'), end: 0, level: 'PGD', attr: 0 },
      ],
      markers: [
        { text: 'Linear Mapping start', start: parseVa('ffff000000000000') },
        { text: 'Linear Mapping end', start: parseVa('ffff800000000000') },
        { text: 'Modules start', start: parseVa('ffff800000000000') },
      ],
      from_zero: false,
    });
  });

  it('starts at 0 on v5.7 to v5.10', () => {
    const { runs, from_zero } = parse(
      '0x0000000000000000-0xffff000000000000    16776960T PGD',
      '0xffff000000000000-0xffff000040000000           1G PUD',
    );
    expect([runs.length, from_zero]).toEqual([1, true]);
  });

  const hole = '0xffff000000000000-0xffff000040000000           1G PUD';
  it.each<[string[], string]>([
    [
      ['0xffff000000000000-0xffff000040000000 1G'],
      '"0xffff000000000000-0xffff000040000000 1G" is not a line of kernel_page_tables',
    ],
    [[hole.replace('1G', '2G')], `${JSON.stringify(hole.replace('1G', '2G'))} has not the size it says`],
    [
      [hole.replace('   1G', '1024M')],
      `${JSON.stringify(hole.replace('   1G', '1024M'))} has not the size it says`,
    ],
    [
      ['0xffff000040000000-0xffff000000000000           1G PUD'],
      '"0xffff000040000000-0xffff000000000000           1G PUD" ends before it starts',
    ],
    [
      ['0x0000000000001000-0x0000000000002000           4K PTE'],
      '"0x0000000000001000-0x0000000000002000           4K PTE" is not in the kernel\'s half',
    ],
    [
      [`${hole}       RW`],
      '"0xffff000000000000-0xffff000040000000           1G PUD      …" has attributes that are none',
    ],
  ])('is not %j', (lines, what) => {
    expect(() => parse(...lines)).toThrow(`x: dump line 1: ${what}`);
  });

  it('ascends', () => {
    expect(() => parse(hole, hole)).toThrow(
      `x: dump line 2: ${JSON.stringify(hole)} is not behind the line before it`,
    );
    const last = '0xffff800000000000-0x0000000000000000         128T PGD';
    expect(() => parse(last, last)).toThrow('line 2');
  });
});

const LEAF = {
  va: '0xffff000040000000',
  pa: '0x40000000',
  size: '0x3000',
  leaf: '4K-page',
  attr: 'AP=0 RW-EL1 PXN UXN AF G SH3 ATTR1',
  kind: 'leaf',
};
const TABLES = {
  name: 'linear',
  lo: '0xffff000000000000',
  hi: '0xffff800000000000',
  ttbr: '0x5b6c5000',
  table_pages: { PUD: 1, PMD: 1, PTE: 1 },
  leaves: [LEAF, { ...LEAF, va: '0xffff000040200000', pa: '0x40200000', size: '0x400000', leaf: '2M-block' }],
  tables: [
    { level: 'PUD', va: '0xffff000000000000', pa: '0x7fff9000', valid: 1, nonzero: 1 },
    { level: 'PMD', va: '0xffff000040000000', pa: '0x7fff8000', valid: 3, nonzero: 3 },
    { level: 'PTE', va: '0xffff000040000000', pa: '0x7fff7000', valid: 3, nonzero: 4 },
  ],
};

describe('tables/*.json', () => {
  const parse = (change: object) => parseTables(JSON.stringify({ ...TABLES, ...change }), 'x', 'linear.json');

  it('is leaves and tables', () => {
    const tables = parse({});
    expect([tables.name, tables.start, tables.end, tables.root]).toEqual([
      'linear',
      -(2 ** 48),
      -(2 ** 47),
      0x5b6c5000,
    ]);
    expect(tables.leaves[1]).toEqual({
      va: parseVa('ffff000040200000'),
      pa: 0x40200000,
      size: 0x400000,
      leaf_size: 0x200000,
      attr: KERNEL | (1 << 2),
    });
    expect(tables.tables.map(({ level }) => level)).toEqual(['PUD', 'PMD', 'PTE']);
    expect(tables.tables[2]).toEqual({
      level: 'PTE',
      va: parseVa('ffff000040000000'),
      pa: 0x7fff7000,
      valid: 3,
      nonzero: 4,
    });
  });

  it('says at which level the rest is empty', () => {
    const t = translation('arm64', 4096, 48);
    const text = [...runsOf(t, parse({}))].map(
      ({ start, end, level, attr }) =>
        `${(start + 2 ** 48).toString(16)}-${(end + 2 ** 48).toString(16)} ${level}${attr ? ' leaf' : ''}`,
    );
    expect(text).toEqual([
      '0-40000000 PUD',
      '40000000-40003000 PTE leaf',
      '40003000-40200000 PTE',
      '40200000-40600000 PMD leaf',
      '40600000-80000000 PMD',
      '80000000-8000000000 PUD',
      '8000000000-800000000000 PGD',
    ]);
  });

  it.each<[object, string]>([
    [{ lo: '0x1000' }, "linear.json lo: 0x1000 is not in the kernel's half"],
    [{ hi: TABLES.lo }, 'linear.json hi: is not behind lo'],
    [{ table_pages: { PUD: 1, PMD: 1, PTE: 2 } }, 'linear.json table_pages.PTE: is 2, but 1 are listed'],
    [{ leaves: [LEAF, LEAF] }, 'linear.json leaves[1]: overlaps the leaf before it'],
    [
      { leaves: [{ ...LEAF, va: '0xfffeffffffff0000' }] },
      'linear.json leaves[0]: overlaps the leaf before it',
    ],
    [{ leaves: [{ ...LEAF, pa: '0x40000800' }] }, 'linear.json leaves[0]: is not aligned to 4K-page'],
    [{ leaves: [{ ...LEAF, size: '0x0' }] }, 'linear.json leaves[0]: is empty or ends outside of the region'],
    [{ leaves: [{ ...LEAF, attr: 'AP=0 RW' }] }, 'linear.json leaves[0]: "AP=0 RW" are not attributes'],
    [
      { tables: [{ ...TABLES.tables[0]!, valid: 2 }] },
      'linear.json tables[0]: has more valid entries than entries',
    ],
  ])('is refused by place: %#', (change, message) => {
    expect(() => parse(change)).toThrow(message);
  });

  it('is JSON, of an object', () => {
    expect(() => parseTables('{', 'x', 'a.json')).toThrow('x: a.json: is not JSON');
    expect(() => parseTables('1', 'x', 'a.json')).toThrow('x: a.json: is a number, not a mapping');
  });
});
