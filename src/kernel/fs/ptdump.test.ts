import { describe, expect, it } from 'vitest';
import { customLayout, type Layout } from '../../geometry/layout.ts';
import { layout } from '../../geometry/layouts.ts';
import { type LevelName, NoSuchGeometry, parseVa, translation } from '../../geometry/translation.ts';
import {
  AF,
  AP_RDONLY,
  AP_USER,
  ATTR_INDEX_SHIFT,
  CONT,
  GP,
  NG,
  PXN,
  SH_INNER,
  SW_DIRTY,
  TABLE_BIT,
  UXN,
  VALID,
} from '../../hardware/descriptor/descriptor.ts';
import { type PtdumpRun, ptdump } from './ptdump.ts';
import { ptdump_format, ptdump_markers } from './ptdump_format.ts';

const t = translation('arm64', 4096, 48);
const run = (start: string, end: string, level: LevelName, attr = 0): PtdumpRun => ({
  start: parseVa(start),
  end: parseVa(end),
  level,
  attr,
});
const PAGE = VALID | TABLE_BIT | SH_INNER | AF | PXN | UXN;
const lines = (release: string, runs: Iterable<PtdumpRun>, places: Layout = layout(t, release)): string[] => [
  ...ptdump(t, places, ptdump_format(release), runs),
];
/** The columns of one page. */
const page = (attr: number, release: string): string =>
  lines(release, [
    run('ffff000000000000', 'ffff000000001000', 'PTE', attr),
    run('ffff000000001000', 'ffff000000002000', 'PTE'),
  ]).find((line) => line.startsWith('0xffff000000000000'))!;

describe('columns', () => {
  it.each<[string, number, string, string]>([
    [
      'all set',
      PAGE | AP_USER | AP_RDONLY | NG | CONT | GP | (1 << ATTR_INDEX_SHIFT),
      'v6.1',
      '  USR ro NX SHD AF NG CON     UXN GP MEM/NORMAL-TAGGED',
    ],
    ['none set but valid', VALID, 'v6.1', '      RW x                BLK        MEM/NORMAL'],
    ['not valid, not zero', TABLE_BIT | AF, 'v6.1', 'F     RW x      AF                   MEM/NORMAL'],
    ['not valid, bit 1 clear', AF, 'v6.1', 'F     RW x      AF        BLK        MEM/NORMAL'],
    ['the same on v7.2', AF, 'v7.2', 'F     RW x      AF                   MEM/NORMAL'],
    ['device', PAGE | (4 << ATTR_INDEX_SHIFT), 'v6.1', '      RW NX SHD AF            UXN    DEVICE/nGnRE'],
    [
      'the same index on v5.10',
      PAGE | (4 << ATTR_INDEX_SHIFT),
      'v5.10',
      '      RW NX SHD AF            UXN    DEVICE/nGnRnE',
    ],
    [
      'the same index on v5.4',
      PAGE | (4 << ATTR_INDEX_SHIFT),
      'v5.4',
      '      RW NX SHD AF            UXN MEM/NORMAL',
    ],
    [
      'write-through on v5.10',
      PAGE | (3 << ATTR_INDEX_SHIFT),
      'v5.10',
      '      RW NX SHD AF            UXN   ',
    ],
    ['without UXN on v5.4', PAGE & ~UXN, 'v5.4', '      RW NX SHD AF            DEVICE/nGnRnE'],
  ])('%s', (_, attr, release, text) => {
    expect(page(attr, release)).toBe(`0xffff000000000000-0xffff000000001000           4K PTE ${text}`);
  });
});

describe('lines', () => {
  it('merge what differs only in bits that have no column', () => {
    const runs = [
      run('ffff000000000000', 'ffff000000001000', 'PTE', PAGE),
      run('ffff000000001000', 'ffff000000002000', 'PTE', PAGE | SW_DIRTY),
      run('ffff000000002000', 'ffff000000200000', 'PTE'),
    ];
    expect(lines('v6.1', runs)).toEqual([
      '---[ Linear Mapping start ]---',
      '0xffff000000000000-0xffff000000002000           8K PTE       RW NX SHD AF            UXN    MEM/NORMAL',
      '0xffff000000002000-0x0000000000000000   274877906936K PTE',
    ]);
  });

  it('cost what differs, not what is mapped: 128T of pages in one run', () => {
    const runs = [
      run('ffff000000000000', 'ffff800000000000', 'PTE', PAGE),
      run('ffff800000000000', '0', 'PGD'),
    ];
    expect(lines('v6.1', runs).slice(0, 4)).toEqual([
      '---[ Linear Mapping start ]---',
      '0xffff000000000000-0xffff800000000000         128T PTE       RW NX SHD AF            UXN    MEM/NORMAL',
      '---[ Linear Mapping end ]---',
      '---[ Modules start ]---',
    ]);
  });

  it('split at the first entry behind a marker; at most two markers an entry', () => {
    expect(lines('v6.1', [run('ffff000000000000', '0', 'PGD')])).toEqual([
      '---[ Linear Mapping start ]---',
      '0xffff000000000000-0xffff800000000000         128T PGD',
      '---[ Linear Mapping end ]---',
      '---[ Modules start ]---',
      '0xffff800000000000-0xffff808000000000         512G PGD',
      '---[ Modules end ]---',
      '---[ vmalloc() area ]---',
      '0xffff808000000000-0xfffffc0000000000      126464G PGD',
      '---[ vmalloc() end ]---',
      '---[ Fixmap start ]---',
      '0xfffffc0000000000-0xfffffc8000000000         512G PGD',
      '---[ Fixmap end ]---',
      '---[ PCI I/O start ]---',
      '0xfffffc8000000000-0xfffffd0000000000         512G PGD',
      '---[ PCI I/O end ]---',
      '---[ vmemmap start ]---',
      '0xfffffd0000000000-0xfffffe0000000000           1T PGD',
      '---[ vmemmap end ]---',
      '0xfffffe0000000000-0x0000000000000000           2T PGD',
    ]);
  });

  it('start at 0 on v5.10, and its vmemmap end is never reached', () => {
    const all = lines('v5.10', [run('ffff000000000000', '0', 'PGD')]);
    expect(all.slice(0, 2)).toEqual([
      '0x0000000000000000-0xffff800000000000    16777088T PGD',
      '---[ Linear Mapping end ]---',
    ]);
    expect(all.slice(-3)).toEqual([
      '---[ PCI I/O end ]---',
      '---[ vmemmap start ]---',
      '0xffffff0000000000-0x0000000000000000           1T PGD',
    ]);
  });

  it('of empty entries are left out up to v5.4', () => {
    const runs = [
      run('ffff000000000000', 'ffff000040000000', 'PUD'),
      run('ffff000040000000', 'ffff000040001000', 'PTE', PAGE),
      run('ffff000040001000', 'ffff000040200000', 'PTE'),
    ];
    expect(lines('v5.4', runs)).toEqual([
      '---[ Linear Mapping start ]---',
      '0xffff000040000000-0xffff000040001000           4K PTE       RW NX SHD AF            UXN DEVICE/nGnRnE',
    ]);
  });

  it.each<[number, number, string, string]>([
    [4, 39, 'v6.1', 'PGD'],
    [4, 39, 'v6.12', 'PGD'],
    [16, 36, 'v6.1', 'PGD'],
    [16, 36, 'v6.12', 'PMD'],
  ])('of a block in the root: %iK/%i on %s', (size, va, release, name) => {
    const folded = translation('arm64', size * 1024, va);
    const places = layout(folded, release);
    const [from, to] = [places.PAGE_OFFSET, places.PAGE_END];
    const all = [
      ...ptdump(folded, places, ptdump_format(release), [
        { start: from, end: to, level: size === 4 ? 'PUD' : 'PMD', attr: PAGE & ~TABLE_BIT },
        { start: to, end: 0, level: size === 4 ? 'PUD' : 'PMD', attr: 0 },
      ]),
    ];
    const columns = `${name}       RW NX SHD AF        BLK UXN    MEM/NORMAL`;
    expect(all.map((line) => line.slice(51))).toContain(columns);
    expect(all.at(-1)!.slice(51)).toBe('PGD');
  });
});

describe('formats', () => {
  it.each([
    ['v5.2', 'v5.2'],
    ['v5.3', 'v5.2'],
    ['v5.4-B80', 'v5.4'],
    ['v5.7', 'v5.7'],
    ['5.10.223', 'v5.10'],
    ['v6.1', 'v6.1'],
    ['v6.12', 'v6.12'],
    ['v6.18', 'v6.13'],
    ['v7.2', 'v6.13'],
  ])('of %s is that of %s', (release, format) => {
    expect(ptdump_format(release).release).toBe(format);
  });

  it('of what is not a release is refused', () => {
    expect(() => ptdump_format('v4.4')).toThrow(NoSuchGeometry);
  });

  it('have markers for the regions of a layout, in its order, but none at the wrap', () => {
    const places = customLayout(t, [
      { name: 'vmalloc', start: parseVa('ffff000000000000'), end: parseVa('ffff400000000000') },
      { name: 'vmemmap', start: parseVa('ffff400000000000'), end: parseVa('ffff800000000000') },
      { name: 'linear', start: parseVa('ffff800000000000'), end: 0 },
    ]);
    expect(ptdump_markers(ptdump_format('v6.1'), places).map(({ text }) => text)).toEqual([
      'vmalloc() area',
      'vmalloc() end',
      'vmemmap start',
      'vmemmap end',
      'Linear Mapping start',
    ]);
  });
});
