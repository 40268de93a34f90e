import { describe, expect, it } from 'vitest';
import type { Arch } from './sizes.ts';
import {
  depth_of,
  entry_index,
  hardware_level,
  type LevelName,
  NoSuchGeometry,
  next_entry,
  parse_va,
  translation,
  va_text,
} from './translation.ts';

/** Page (K), VA bits, levels, PGDIR_SHIFT, entries of the root, PUD_SHIFT, PMD_SHIFT, entries of other tables, first level. */
type Row = [Arch, number, number, number, number, number, number, number, number, number];
const SHAPES: Row[] = [
  ['arm64', 4, 39, 3, 30, 512, 30, 21, 512, 1],
  ['arm64', 4, 48, 4, 39, 512, 30, 21, 512, 0],
  ['arm64', 16, 36, 2, 25, 2048, 25, 25, 2048, 2],
  ['arm64', 16, 47, 3, 36, 2048, 36, 25, 2048, 1],
  ['arm64', 16, 48, 4, 47, 2, 36, 25, 2048, 0],
  ['arm64', 64, 42, 2, 29, 8192, 29, 29, 8192, 2],
  ['arm64', 64, 48, 3, 42, 64, 42, 29, 8192, 1],
  ['arm64', 64, 52, 3, 42, 1024, 42, 29, 8192, 1],
  ['arm64', 4, 52, 5, 48, 16, 30, 21, 512, -1],
  ['arm64', 16, 52, 4, 47, 32, 36, 25, 2048, 0],
  ['x86_64', 4, 48, 4, 39, 512, 30, 21, 512, 0],
  ['x86_64', 4, 57, 5, 48, 512, 30, 21, 512, -1],
];

describe('shapes by pgtable-hwdef.h (arm64) and pgtable_64_types.h (x86)', () => {
  it.each(SHAPES)('%s %iK/%i', (arch, page, va, levels, pgdir, root, pud, pmd, entries, first) => {
    const t = translation(arch, page * 1024, va);
    const shift = (name: LevelName) => t.shift[depth_of(t, name)];
    expect(t.levels).toBe(levels);
    expect([shift('PGD'), shift('PUD'), shift('PMD'), shift('PTE')]).toEqual([
      pgdir,
      pud,
      pmd,
      Math.log2(page * 1024),
    ]);
    expect(t.entries).toEqual([root, ...Array.from({ length: levels - 1 }, () => entries)]);
    expect(hardware_level(t, 0)).toBe(first);
    expect(hardware_level(t, levels - 1)).toBe(3);
  });

  it('has names by depth', () => {
    expect(translation('arm64', 16384, 36).name).toEqual(['PGD', 'PTE']);
    expect(translation('arm64', 65536, 48).name).toEqual(['PGD', 'PMD', 'PTE']);
    expect(translation('arm64', 4096, 48).name).toEqual(['PGD', 'PUD', 'PMD', 'PTE']);
    expect(translation('x86_64', 4096, 57).name).toEqual(['PGD', 'P4D', 'PUD', 'PMD', 'PTE']);
  });

  it('has a root of 1024 with 52 bits for user space alone, of which the kernel uses 64', () => {
    const t = translation('arm64', 65536, 48, { MAX_USER_VA_BITS: 52 });
    expect(t.entries).toEqual([1024, 8192, 8192]);
    expect(entry_index(t, 0, -(2 ** 48))).toBe(960);
    expect(entry_index(t, 0, -1)).toBe(1023);
  });
});

describe('a geometry that does not exist', () => {
  it.each<[() => unknown, string]>([
    [() => translation('arm64', 8192, 48), 'arm64 has no pages of 8192 bytes'],
    [() => translation('x86_64', 65536, 48), 'x86_64 has no pages of 65536 bytes'],
    [
      () => translation('arm64', 4096, 42),
      'arm64 with pages of 4096 bytes has no 42-bit addresses: 39, 48, 52',
    ],
    [
      () => translation('arm64', 4096, 48, { MAX_USER_VA_BITS: 52 }),
      '52-bit addresses for user space alone need arm64 with 64K pages and 48 bits',
    ],
  ])('is refused by name: %#', (make, message) => {
    expect(make).toThrow(NoSuchGeometry);
    expect(make).toThrow(message);
  });
});

describe('addresses', () => {
  const t = translation('arm64', 4096, 48);

  it('are distances from 2^64', () => {
    expect(parse_va('0xffff800000000000')).toBe(-(2 ** 47));
    expect(va_text(-(2 ** 47))).toBe('ffff800000000000');
    expect(parse_va('ffffffffffffffff')).toBe(-1);
    expect(va_text(0)).toBe('0000000000000000');
    expect(parse_va('0')).toBe(0);
  });

  it('of pages are exact with five levels of x86-64', () => {
    expect(va_text(parse_va('ff11000000000000'))).toBe('ff11000000000000');
    expect(va_text(parse_va('ff11000000001000'))).toBe('ff11000000001000');
    expect(() => parse_va('ff11000000000001')).toThrow('is in no half of the address space');
  });

  it.each(['', 'x', '0x', '10000000000000000', '-1', '8000000000000000'])('are not %j', (text) => {
    expect(() => parse_va(text)).toThrow(RangeError);
  });

  it('select an entry at each depth', () => {
    const va = parse_va('fffffdffffe00000');
    expect([0, 1, 2, 3].map((depth) => entry_index(t, depth, va))).toEqual([507, 511, 511, 0]);
    expect([0, 1, 2, 3].map((depth) => entry_index(t, depth, -1))).toEqual([511, 511, 511, 511]);
    expect(va_text(next_entry(t, 2, va))).toBe('fffffe0000000000');
    expect(next_entry(t, 0, -1)).toBe(0);
  });
});
