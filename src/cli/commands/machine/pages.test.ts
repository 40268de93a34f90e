import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { printedBy } from '../../../../test/in-process.ts';
import { define } from './pages.ts';

const folder = mkdtempSync(join(tmpdir(), 'mhp-pages-'));
afterAll(() => rmSync(folder, { recursive: true }));

const scenario = (name: string, text: string): string => {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
};

const X86 = scenario(
  'x86.yaml',
  `machine:
  arch: x86_64
  ram: [{start: 0, size: 192M, node: 0}]
  holes: [{start: 0x9f000, size: 0x61000}]
  nodes: [{node: 0, cpus: "0"}, {node: 1, cpus: "1"}]
release: v6.1
steps:
  - add: {start: 4G, size: 512M, node: 1}
  - online_movable: 32
  - online_kernel: 33..34
  - use: {start: 4G, size: 16M, as: movable}
  - use: {start: 0x108000000, size: 4M, as: hugepage}
  - use: {start: 0x108400000, size: 4K, as: hwpoison}
  - offline: 34
  - memremap: {start: 5G, size: 6M, node: 1}
  - memremap: {start: 0x140800000, size: 2M, node: 1}
`,
);
const ARM64 = scenario(
  'arm64.yaml',
  `machine:
  arch: arm64
  ram: [{start: 0, size: 1G, node: 0}]
release: v5.7
steps:
  - add: {start: 4G, size: 1G, node: 0}
  - online: 4
`,
);

const pages = (...args: readonly string[]): Promise<string> => printedBy(define, ['pages', ...args]);

test('kinds, flags and owners', async () => {
  expect(
    await pages(X86),
  ).toBe(`RANGE                                   SIZE PAGES NODE ZONE    KIND          FLAGS    BLOCK SECTION SUBSECTION OWNER
0x0000000000000000-0x0000000000001fff     8K     2    0 DMA     page table                 0       0          0 System RAM
0x0000000000002000-0x000000000009efff   628K   157    0 DMA     free                       0       0          0 System RAM
0x000000000009f000-0x00000000000fffff   388K    97    0 DMA     hole          reserved     0       0          0 Reserved
0x0000000000100000-0x00000000001fffff     1M   256    0 DMA     free                       0       0          0 System RAM
0x0000000000200000-0x00000000009fffff     8M  2048    0 DMA     memmap                     0       0        1-4 System RAM
0x0000000000a00000-0x0000000000ffffff     6M  1536    0 DMA     free                       0       0        5-7 System RAM
0x0000000001000000-0x000000000b9fffff   170M 43520    0 DMA32   free                     0-1     0-1            System RAM
0x000000000ba00000-0x000000000bdfffff     4M  1024    0 DMA32   reserved      reserved     1       1      29-30 System RAM
0x000000000be00000-0x000000000bff7fff     2M   504    0 DMA32   free                       1       1         31 System RAM
0x000000000bff8000-0x000000000bffcfff    20K     5    0 DMA32   reserved      reserved     1       1         31 System RAM
0x000000000bffd000-0x000000000bffefff     8K     2    0 DMA32   free                       1       1         31 System RAM
0x000000000bfff000-0x000000000bffffff     4K     1    0 DMA32   reserved      reserved     1       1         31 System RAM
0x000000000c000000-0x000000000fffffff    64M 16384    0 DMA32   hole          reserved     1       1      32-63 
0x0000000100000000-0x0000000100ffffff    16M  4096    1 Movable movable                   32      32        0-7 System RAM
0x0000000101000000-0x0000000107ffffff   112M 28672    1 Movable free                      32      32       8-63 System RAM
0x0000000108000000-0x00000001083fffff     4M  1024    1 Normal  hugetlb       in_use      33      33        0-1 System RAM
0x0000000108400000-0x0000000108400fff     4K     1    1 Normal  free          hwpoison    33      33          2 System RAM
0x0000000108401000-0x0000000108401fff     4K     1    1 Normal  page table                33      33          2 System RAM
0x0000000108402000-0x0000000108421fff   128K    32    1 Normal  memmap                    33      33          2 System RAM
0x0000000108422000-0x000000010fffffff 123.9M 31710    1 Normal  free                      33      33       2-63 System RAM
0x0000000110000000-0x000000011fffffff   256M 65536              uninitialised          34-35   34-35            System RAM
0x0000000140000000-0x00000001405fffff     6M  1536    1 Device  device        reserved            40        0-2 
0x0000000140800000-0x00000001409fffff     2M   512    1 Device  device        reserved            40          4 
`);
});

test('more rows than a table can hold', async () => {
  const source = scenario('16T.yaml', 'arch: x86_64\nram: [{start: 0, size: 16T}]\n');
  const message = '--by: gives at least 8388606 rows, more than 1000000: use --range';
  await expect(pages(source, '--by', 'subsection')).rejects.toMatchObject({ name: 'InputError', message });
  expect(await pages(source, '--by', 'subsection', '-n', '-r', '-o', 'RANGE', '--range', '15T+2M')).toBe(
    '0x00000f0000000000-0x00000f00001fffff\n',
  );
});

const HOLES = scenario(
  'holes.yaml',
  `arch: x86_64
ram: [{start: 0, size: 1G}, {start: 1G, size: 1G, node: 1}]
holes: [{start: 640K, size: 384K}, {start: 0x7ffdf000, size: 132K}]
`,
);

test.each([
  // in a zone initialised like RAM, behind all zones zeroed
  ['v5.4', '0 DMA hole \n0 DMA hole \n'],
  ['v5.7', '0 DMA hole \n0 DMA hole reserved\n'],
  // x86_64-6.1-pmem: 0x7ffe3 29 | node=1 zone=DMA32 reserved=1
  ['v5.10', '0 DMA hole reserved\n1 DMA32 hole reserved\n'],
  ['v6.1', '0 DMA hole reserved\n1 DMA32 hole reserved\n'],
])('struct pages of holes, %s', async (release, rows) => {
  const args = [HOLES, '--release', release, '-n', '-r', '-o', 'NODE,ZONE,KIND,FLAGS', '--range'];
  expect((await pages(...args, '640K+384K')) + (await pages(...args, '0x7ffdf000+132K'))).toBe(rows);
});

test('a hole before other memory is in its zone, as recorded (0x7ffe3 29 | node=1 zone=Normal reserved=1)', async () => {
  const args = ['recordings/x86_64-6.1-holes.tar.xz:00-boot', '-n', '-r', '-o', 'NODE,ZONE,KIND,FLAGS'];
  expect(await pages(...args, '--range', '0x7ffe3000+116K')).toBe('1 Normal hole reserved\n');
});

test('device memory of a source is where its namespaces are, and no boot memory is in it', async () => {
  const source = 'recordings/x86_64-6.1-pmem.tar.xz:07-r0-devdax-dev-34M';
  expect(await pages(source, '-n', '-r', '-o', 'RANGE,NODE,ZONE')).toBe(`\
0x0000000000000000-0x0000000000ffffff 0 DMA
0x0000000001000000-0x000000003fffffff 0 DMA32
0x0000000040000000-0x000000007fffffff 1 DMA32
0x0000000140000000-0x0000000140001fff  
0x0000000140002000-0x0000000147ffffff 0 Device
0x0000000148000000-0x0000000148001fff  
0x0000000148002000-0x000000014a1fffff 0 Device
0x0000000160000000-0x000000016fffffff 1 Device
`);
});

test('memory of a driver is RAM like other, and not early', async () => {
  const source = 'recordings/x86_64-6.1-kmem.tar.xz:05-system-ram-kv2';
  // 0x148000 98304 | node=0 zone=Movable reserved=0
  expect(await pages(source, '-n', '-r', '--range', '2G+3584M')).toBe(
    '0x0000000148000000-0x000000015fffffff 384M 98304 0 Movable free  41-43 41-43  System\\x20RAM\\x20(kmem)\n',
  );
});

test('arm64: tables and the memmap of new memory', async () => {
  expect(
    await pages(ARM64, '-o', 'range,size,kind,flags,section'),
  ).toBe(`RANGE                                  SIZE KIND       FLAGS    SECTION
0x0000000000000000-0x0000000000206fff    2M reserved   reserved       0
0x0000000000207000-0x00000000003fffff    2M page table                0
0x0000000000400000-0x00000000013fffff   16M reserved   reserved       0
0x0000000001400000-0x0000000001407fff   32K page table                0
0x0000000001408000-0x00000000015fffff    2M free                      0
0x0000000001600000-0x00000000025fffff   16M memmap                    0
0x0000000002600000-0x000000003fffffff  986M free                      0
0x0000000100000000-0x000000013fffffff    1G free                      4
`);
});

test('before the first step', async () => {
  expect(
    await pages(X86, '--after', '0', '-n', '-o', 'RANGE,KIND', '--range', '128M+1G'),
  ).toBe(`0x0000000008000000-0x000000000b9fffff free
0x000000000ba00000-0x000000000bdfffff reserved
0x000000000be00000-0x000000000bff7fff free
0x000000000bff8000-0x000000000bffcfff reserved
0x000000000bffd000-0x000000000bffefff free
0x000000000bfff000-0x000000000bffffff reserved
0x000000000c000000-0x000000000fffffff hole
`);
});

test('cut at sub-sections, sizes in bytes, raw', async () => {
  const args = ['--by', 'subsection', '-b', '-r', '--range', '5G-0x1409fffff'];
  expect(await pages(X86, ...args)).toBe(`RANGE SIZE PAGES NODE ZONE KIND FLAGS BLOCK SECTION SUBSECTION OWNER
0x0000000140000000-0x00000001401fffff 2097152 512 1 Device device reserved  40 0 
0x0000000140200000-0x00000001403fffff 2097152 512 1 Device device reserved  40 1 
0x0000000140400000-0x00000001405fffff 2097152 512 1 Device device reserved  40 2 
0x0000000140800000-0x00000001409fffff 2097152 512 1 Device device reserved  40 4 
`);
});

test('what is not shown does not split runs', async () => {
  expect(await pages(X86, '-n', '-o', 'PAGES,BLOCK', '--by', 'block')).toBe(`32768     0
32768     1
32768    32
32768    33
32768    34
32768    35
 1536 
  512 
`);
  expect(await pages(X86, '-n', '-P', '-o', 'RANGE,KIND', '--range', '4G+2M')).toBe(
    'RANGE="0x0000000100000000-0x00000001001fffff" KIND="movable"\n',
  );
});

test('JSON: bytes, a number for one block, section, sub-section, the ends of several', async () => {
  const json = JSON.parse(await pages(X86, '-J', '--range', '0x107e00000+4M'));
  expect(json).toEqual({
    schema: 'mhp-pages/1',
    notes: [],
    page_size: 4096,
    block_size: 2 ** 27,
    section_size: 2 ** 27,
    subsection_size: 2 ** 21,
    pages: [
      {
        start: 0x107e00000,
        size: 2 ** 21,
        pages: 512,
        node: 1,
        zone: 'Movable',
        kind: 'free',
        flags: [],
        block: 32,
        section: 32,
        subsection: 63,
        owner: 'System RAM',
      },
      {
        start: 0x108000000,
        size: 2 ** 21,
        pages: 512,
        node: 1,
        zone: 'Normal',
        kind: 'hugetlb',
        flags: ['in_use'],
        block: 33,
        section: 33,
        subsection: 0,
        owner: 'System RAM',
      },
    ],
  });
  expect(JSON.parse(await pages(X86, '--json', '--range', '4G+1G')).pages[0]).toMatchObject({
    block: 32,
    subsection: [0, 7],
  });
});

describe('/proc/kpageflags', () => {
  test('v6.1: only online memory has flags', async () => {
    expect(
      await pages(X86, '--kpageflags'),
    ).toBe(`RANGE                                   SIZE  PAGES         KPAGEFLAGS NAMES
0x0000000000000000-0x0000000000001fff     8K      2 0x0000000000000000 
0x0000000000002000-0x000000000009efff   628K    157 0x0000000000000400 buddy
0x000000000009f000-0x00000000000fffff   388K     97 0x0000000100000000 reserved
0x0000000000100000-0x00000000001fffff     1M    256 0x0000000000000400 buddy
0x0000000000200000-0x00000000009fffff     8M   2048 0x0000000000000000 
0x0000000000a00000-0x000000000b9fffff   176M  45056 0x0000000000000400 buddy
0x000000000ba00000-0x000000000bdfffff     4M   1024 0x0000000100000000 reserved
0x000000000be00000-0x000000000bff7fff     2M    504 0x0000000000000400 buddy
0x000000000bff8000-0x000000000bffcfff    20K      5 0x0000000100000000 reserved
0x000000000bffd000-0x000000000bffefff     8K      2 0x0000000000000400 buddy
0x000000000bfff000-0x000000000bffffff     4K      1 0x0000000100000000 reserved
0x000000000c000000-0x00000000ffffffff   3.8G 999424 0x0000000000100000 nopage
0x0000000100000000-0x0000000100ffffff    16M   4096 0x0000000000000020 lru
0x0000000101000000-0x0000000107ffffff   112M  28672 0x0000000000000400 buddy
0x0000000108000000-0x0000000108000fff     4K      1 0x0000000000028000 compound_head,huge
0x0000000108001000-0x00000001081fffff     2M    511 0x0000000000030000 compound_tail,huge
0x0000000108200000-0x0000000108200fff     4K      1 0x0000000000028000 compound_head,huge
0x0000000108201000-0x00000001083fffff     2M    511 0x0000000000030000 compound_tail,huge
0x0000000108400000-0x0000000108400fff     4K      1 0x0000000000080000 hwpoison
0x0000000108401000-0x0000000108421fff   132K     33 0x0000000000000000 
0x0000000108422000-0x000000010fffffff 123.9M  31710 0x0000000000000400 buddy
0x0000000110000000-0x000000011fffffff   256M  65536 0x0000000000100000 nopage
`);
  });

  test('v5.3: every valid pfn, and no further than max_pfn', async () => {
    expect(
      await pages(X86, '--kpageflags', '-n', '--release', 'v5.3', '--range', '0x110000000+2G'),
    ).toBe(`0x0000000110000000-0x0000000117ffffff  128M  32768 0x0000000100000000 reserved
0x0000000118000000-0x000000011fffffff  128M  32768 0x0000000000000000 
0x0000000120000000-0x000000013fffffff  512M 131072 0x0000000000100000 nopage
0x0000000140000000-0x00000001405fffff    6M   1536 0x0000000100000000 reserved
0x0000000140600000-0x00000001407fffff    2M    512 0x0000000000100000 nopage
0x0000000140800000-0x00000001409fffff    2M    512 0x0000000100000000 reserved
`);
  });

  test('a struct page of all ones is not survived before v5.4', async () => {
    const file = scenario(
      'debug.yaml',
      `machine:
  arch: x86_64
  debug_vm: true
  ram: [{start: 0, size: 256M, node: 0}]
steps:
  - add: {start: 4G, size: 256M, node: 0}
  - online: 32
`,
    );
    const read = (release: string) =>
      pages(file, '--kpageflags', '-n', '--release', release, '--range', '4G+256M');
    expect(
      await read('v5.3'),
    ).toBe(`0x0000000100000000-0x0000000107ffffff  128M 32768 0x0000000000000400 buddy
0x0000000108000000-0x000000010fffffff  128M 32768                BUG 
`);
    expect(
      await read('v5.4'),
    ).toBe(`0x0000000100000000-0x0000000107ffffff  128M 32768 0x0000000000000400 buddy
0x0000000108000000-0x000000010fffffff  128M 32768 0x0000000000100000 nopage
`);
    expect(
      await pages(file, '-n', '-o', 'kind,flags,pages', '--range', '4G+256M'),
    ).toBe(`free                   32768
uninitialised poisoned 32768
`);
  });

  test('JSON', async () => {
    expect(JSON.parse(await pages(X86, '--kpageflags', '-J', '--range', '4G+8K'))).toEqual({
      schema: 'mhp-kpageflags/1',
      notes: [],
      page_size: 4096,
      runs: [{ start: 2 ** 32, size: 8192, pages: 2, kpageflags: '0x0000000000000020', names: ['lru'] }],
    });
  });
});

const REFUSED: readonly (readonly [readonly string[], string])[] = [
  [['--by', 'page'], '--by: takes one of block, section, subsection, run'],
  [['-o', 'RANGE,NAME'], '-o: unknown column: NAME'],
  [['-J', '-r'], 'mhp pages: mutually exclusive arguments: --json --pairs --raw'],
  [
    ['--kpageflags', '--by', 'block'],
    'mhp pages: --kpageflags has fixed columns and runs: it takes no -o and no --by',
  ],
  ...['5G', '5G+0', '6G-5G', '5G+x', '+', '5G-5G-5G', '8191P+8191P'].map(
    (range) =>
      [
        ['--range', range],
        '--range: takes START+SIZE or START-END (END is the last byte), such as 5G+128M',
      ] as const,
  ),
];

test.each(REFUSED)('%j is refused', async (args, message) => {
  await expect(pages(X86, ...args)).rejects.toMatchObject({ name: 'InputError', message });
});
