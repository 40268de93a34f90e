import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';

const main = new URL('../../dist/cli/main.js', import.meta.url).pathname;

function geometry(...args: readonly string[]): { status: number | null; stdout: string; stderr: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, 'geometry', ...args], {
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
}

test('without options: arm64, 4K pages, 48 bits, v6.1', () => {
  expect(geometry()).toEqual({
    status: 0,
    stdout: `arm64, 4K pages, 48-bit addresses, 4 levels (folded: P4D)

LEVEL HW ENTRIES ENTRY TABLE BLOCK CONTIGUOUS
PGD    0     512  512G  256T     -          -
PUD    1     512    1G  512G    1G          -
PMD    2     512    2M    1G    2M        32M
PTE    3     512    4K    2M     -        64K

layout v6.1

REGION  START            END              SIZE
linear  ffff000000000000 ffff800000000000 128T
modules ffff800000000000 ffff800008000000 128M
vmalloc ffff800008000000 fffffbfff0000000 124T
fixmap  fffffbfffdbfa000 fffffbfffe000000   4M
pci_io  fffffbfffe800000 fffffbffff800000  16M
vmemmap fffffc0000000000 fffffe0000000000   2T

TABLE HW START            END              SIZE SHARED BY
PUD    1 ffff800000000000 ffff808000000000 512G modules, vmalloc
PUD    1 fffffb8000000000 fffffc0000000000 512G vmalloc, fixmap, pci_io
PMD    2 ffff800000000000 ffff800040000000   1G modules, vmalloc
PMD    2 fffffbffc0000000 fffffc0000000000   1G vmalloc, fixmap, pci_io
`,
    stderr: '',
  });
});

test('x86-64 with five levels', () => {
  expect(geometry('--arch', 'x86_64', '--va', '57').stdout).toBe(`x86_64, 4K pages, 57-bit addresses, 5 levels

LEVEL HW ENTRIES ENTRY TABLE BLOCK CONTIGUOUS
PGD   -1     512  256T  128P     -          -
P4D    0     512  512G  256T     -          -
PUD    1     512    1G  512G    1G          -
PMD    2     512    2M    1G    2M          -
PTE    3     512    4K    2M     -          -

layout x86_64

REGION  START            END               SIZE
linear  ff11000000000000 ff91000000000000   32P
vmalloc ffa0000000000000 ffd2000000000000 12.5P
vmemmap ffd4000000000000 ffd6000000000000  512T
kernel  ffffffff80000000 ffffffffc0000000    1G
modules ffffffffc0000000 ffffffffff000000 1008M

TABLE HW START            END              SIZE SHARED BY
P4D    0 ffff000000000000 0000000000000000 256T kernel, modules
PUD    1 ffffff8000000000 0000000000000000 512G kernel, modules
`);
});

test('a layout of one’s own: vmalloc and vmemmap meet in a table of PTEs', () => {
  const { status, stdout } = geometry(
    ...['--region', 'vmalloc=0xffff800008000000-0xfffffc0000100000'],
    ...['--region', 'vmemmap=0xfffffc0000100000-0xfffffe0000100000'],
    ...['--region', 'fixmap=none', '--region', 'pci_io=none'],
  );
  expect(status).toBe(0);
  expect(stdout).toContain('layout custom (on v6.1)\n');
  expect(stdout).toContain('PTE    3 fffffc0000000000 fffffc0000200000   2M vmalloc, vmemmap\n');
});

test('52 bits for user space alone: a root of 1024 entries', () => {
  const { stdout } = geometry('--page', '64K', '--user-va', '52', '--release', 'v5.2');
  expect(stdout).toContain('\nPGD    1    1024    4T    4P     -          -\n');
  expect(stdout).toContain('\nlinear  ffff800000000000 0000000000000000');
});

test('JSON', () => {
  const { levels, regions, shared_tables, ...rest } = JSON.parse(
    geometry('--page', '64K', '--va', '48', '--json').stdout,
  );
  expect(rest).toEqual({
    schema: 'mhp-geometry/1',
    arch: 'arm64',
    page_size: 65536,
    va_bits: 48,
    folded: ['P4D', 'PUD'],
    layout: 'v6.1',
  });
  expect(levels[1]).toEqual({
    name: 'PMD',
    hardware_level: 2,
    entries: 8192,
    entry_size: 2 ** 29,
    blocks: true,
    contiguous_entries: 32,
  });
  expect(regions.at(-1)).toEqual({ name: 'vmemmap', start: '0xffffffc000000000', size: 2 ** 37 });
  expect(shared_tables.at(1)).toEqual({
    level: 'PMD',
    hardware_level: 2,
    start: '0xfffffc0000000000',
    size: 2 ** 42,
    regions: ['vmalloc', 'fixmap', 'pci_io', 'vmemmap'],
  });
});

test('all combinations', () => {
  const { stdout } = geometry('--all', '--release', 'v5.10');
  expect(
    stdout,
  ).toBe(`ARCH   PAGE VA LEVELS ENTRIES             ENTRY              BLOCKS CONTIGUOUS LAYOUT VMALLOC+VMEMMAP
arm64    4K 39      3 512/512/512         1G/2M/4K           1G/2M  32M/64K    v5.4   root
arm64    4K 48      4 512/512/512/512     512G/1G/2M/4K      1G/2M  32M/64K    v5.4   PUD
arm64    4K 52      5 16/512/512/512/512  256T/512G/1G/2M/4K 1G/2M  32M/64K    -      -
arm64   16K 36      2 2048/2048           32M/16K            32M    2M         v5.4   root
arm64   16K 47      3 2048/2048/2048      64G/32M/16K        32M    1G/2M      v5.4   root
arm64   16K 48      4 2/2048/2048/2048    128T/64G/32M/16K   32M    1G/2M      v5.4   PUD
arm64   16K 52      4 32/2048/2048/2048   128T/64G/32M/16K   32M    1G/2M      -      -
arm64   64K 42      2 8192/8192           512M/64K           512M   2M         v5.4   root
arm64   64K 48      3 64/8192/8192        4T/512M/64K        512M   16G/2M     v5.4   root
arm64   64K 52      3 1024/8192/8192      4T/512M/64K        512M   16G/2M     v5.4   root
x86_64   4K 48      4 512/512/512/512     512G/1G/2M/4K      1G/2M  -          x86_64 root
x86_64   4K 57      5 512/512/512/512/512 256T/512G/1G/2M/4K 1G/2M  -          x86_64 root
`);
  expect(geometry('--all', '--arch', 'x86_64').stdout.split('\n').length).toBe(4);
  const { schema, geometries } = JSON.parse(geometry('--all', '--json').stdout);
  expect([schema, geometries.length]).toEqual(['mhp-geometries/1', 12]);
  expect(geometries[2]).toEqual({ arch: 'arm64', page_size: 4096, va_bits: 52, layout: null });
});

describe('what does not exist is refused in one line', () => {
  test.each<[string[], string]>([
    [['--page', '64K', '--va', '39'], 'arm64 with pages of 65536 bytes has no 39-bit addresses: 42, 48, 52'],
    [['--page', '8K'], 'arm64 has no pages of 8192 bytes'],
    [['--page', 'big'], '--page "big" is not a size'],
    [['--va', 'x'], '--va "x" is not a number of bits'],
    [['--arch', 'riscv'], '--arch "riscv" is not one of arm64, x86_64'],
    [['--va', '52'], 'v6.1 on arm64 has no 52-bit kernel addresses with pages of 4K: they came with v6.9'],
    [
      ['--release', 'v4.19'],
      '--release: "v4.19" is not a modelled release; near it: v5.2 (--nearest takes v5.2)',
    ],
    [
      ['--all', '--release', 'v4.19'],
      '--release: "v4.19" is not a modelled release; near it: v5.2 (--nearest takes v5.2)',
    ],
    [['--all', '--va', '48'], '--all cannot be combined with --page, --va, --user-va or --region'],
    [['--user-va', '48'], '--user-va "48" is not 52'],
    [['--user-va', '52', '--page', '64K'], '--user-va applies only before v5.4'],
    [
      ['--user-va', '52', '--release', 'v5.2'],
      '52-bit addresses for user space alone need arm64 with 64K pages and 48 bits',
    ],
    [['--region', 'vmemmap'], '--region "vmemmap" is not NAME=START-END or NAME=none'],
    [['--region', 'vmemmap=8000000000000000-0'], '8000000000000000 is in no half of the address space'],
    [
      ['--region', 'vmemmap=ffff800000000000-fffffc0000000000'],
      'modules (ffff800000000000-ffff800008000000) and vmemmap (ffff800000000000-fffffc0000000000) overlap',
    ],
    [['--region', 'linear=none'], '--region "linear=none": every layout needs linear'],
    [['--region', 'foo=none'], '--region "foo=none": v6.1 has no such region'],
  ])('%j', (args, message) => {
    expect(geometry(...args)).toEqual({ status: 2, stdout: '', stderr: `mhp: ${message}\n` });
  });
});
