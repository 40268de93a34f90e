import { expect, test } from 'vitest';
import { entryIndex, entrySize, type Translation, translation } from '../geometry/translation.ts';
import { AF, addressField, CONT, INVALID, TABLE_BIT, VALID } from './descriptor/descriptor.ts';
import { groupEntries } from './descriptor/format.ts';
import { access } from './memory/access.ts';
import { writeEntries } from './memory/write.ts';
import { type Mmu, newMmu } from './mmu.ts';
import { flushAll } from './sample.ts';
import { dsb, isb } from './tlb/barriers.ts';
import { held, reaches } from './tlb/reach.ts';
import { tlbi } from './tlb/tlbi.ts';

const SHAPES: readonly (readonly [number, number])[] = [
  [4096, 39],
  [4096, 48],
  [4096, 52],
  [16384, 36],
  [16384, 47],
  [16384, 48],
  [65536, 42],
  [65536, 48],
  [65536, 52],
];

/** Builds the tables down to the PTE of an address, one page each from 1 MiB on; returns the address of the PTE. */
function build(m: Mmu, va: number): number {
  const { t } = m;
  let at = m.root;
  for (let depth = 0; depth < t.levels - 1; depth++) {
    const next = 2 ** 20 + depth * 2 ** t.page_shift;
    const d = { addr: addressField(next, t.page_shift), attr: VALID | TABLE_BIT };
    writeEntries(m, at + 8 * entryIndex(t, depth, va), 1, d, 0);
    at = next;
  }
  return at + 8 * entryIndex(t, t.levels - 1, va);
}

const LEAF = VALID | TABLE_BIT | AF;

test.each(SHAPES)('pages of %i bytes, %i bits: map, walk, clear, flush', (page, bits) => {
  const t: Translation = translation('arm64', page, bits);
  // a root shorter than a page may lie anywhere in its page
  const short = t.entries[0]! * 8 < page;
  const m = newMmu({ t, root: 0x80000 + (short ? t.entries[0]! * 8 : 0), cpus: 2 });
  const top = -(entrySize(t, t.levels - 2) / 2);
  const pa = 2 ** 36;
  const pte = build(m, top);
  writeEntries(m, pte, 4, { addr: addressField(pa, t.page_shift), attr: LEAF }, page);
  dsb(m, 'ishst');
  isb(m);
  expect(access(m, top + 3 * page + 5, false)).toEqual([
    { pa: pa + 3 * page + 5, attr: LEAF, depth: t.levels - 1 },
  ]);
  expect(access(m, top + 4 * page, false)).toEqual([{ fault: 'translation', level: 3 }]);
  expect(reaches(m, pa + page, page).map((r) => [r.as, r.va, r.size])).toEqual([['leaf', top + page, page]]);
  writeEntries(m, pte + 8, 2, INVALID, 0);
  dsb(m, 'ishst');
  tlbi(m, { by: 'va', va: top + page, pages: 1, last_level: true, broadcast: true });
  dsb(m, 'ish');
  isb(m);
  expect(held(m, -(2 ** 52), 2 ** 52).map((h) => [h.va, h.size])).toEqual([[top + 2 * page, page]]);
  flushAll(m);
  expect(reaches(m, pa, 4 * page).map((r) => r.pa)).toEqual([pa, pa + 3 * page]);
  expect(m.violations).toEqual([]);
});

test.each([
  [4096, 48, [1, 16, 16, 16]],
  [16384, 47, [1, 32, 128]],
  [65536, 42, [32, 32]],
] as const)('contiguous groups with pages of %i bytes', (page, bits, groups) => {
  const t = translation('arm64', page, bits);
  expect(t.shift.map((_, depth) => groupEntries(t, depth))).toEqual(groups);
  const m = newMmu({ t, root: 0x80000, cpus: 1 });
  const group = groups.at(-1)!;
  const top = -entrySize(t, t.levels - 2);
  const pte = build(m, top);
  writeEntries(m, pte, 2 * group, { addr: 2 ** 36, attr: LEAF | CONT }, page);
  flushAll(m);
  // one of the second group is removed: the other members keep it reachable
  writeEntries(m, pte + 8 * group, 1, INVALID, 0);
  dsb(m, 'ishst');
  expect(reaches(m, 2 ** 36 + group * page, page).map((r) => [r.in_memory, r.held_by])).toEqual([
    [true, [0]],
  ]);
  expect(held(m, top, 2 * group * page).map((h) => [h.va, h.size])).toEqual([
    [top + group * page, group * page],
  ]);
  expect(access(m, top + group * page, false)).toHaveLength(2);
});

test('a root that is not aligned to its size is refused', () => {
  const t = translation('arm64', 65536, 42);
  expect(() => newMmu({ t, root: 0x8000, cpus: 1 })).toThrow(RangeError);
});

test('52-bit physical addresses with pages of 64K: the top four bits lie in 15:12', () => {
  const t = translation('arm64', 65536, 52);
  const m = newMmu({ t, root: 0x80000, cpus: 1 });
  const pa = 3 * 2 ** 48 + 2 ** 30;
  const pte = build(m, -65536);
  writeEntries(m, pte, 1, { addr: addressField(pa, 16), attr: LEAF }, 0);
  flushAll(m);
  expect(access(m, -1, false)).toEqual([{ pa: pa + 65535, attr: LEAF, depth: 2 }]);
  expect(reaches(m, pa, 65536)).toHaveLength(1);
});

test('x86-64: a 2M page by its PS bit, read-only by its missing RW bit, flushed CPU by CPU', () => {
  const t = translation('x86_64', 4096, 48);
  const m = newMmu({ t, root: 0x80000, cpus: 2 });
  const va = -(2 ** 47);
  const [P, RW, PS] = [1, 2, 128];
  writeEntries(m, 0x80000 + 8 * entryIndex(t, 0, va), 1, { addr: 0x10000, attr: P | RW }, 0);
  writeEntries(m, 0x10000, 1, { addr: 0x11000, attr: P | RW }, 0);
  writeEntries(m, 0x11000, 2, { addr: 2 ** 30, attr: P | PS }, 2 ** 21);
  flushAll(m);
  expect(access(m, va + 2 ** 21 + 9, false)).toEqual([{ pa: 2 ** 30 + 2 ** 21 + 9, attr: P | PS, depth: 2 }]);
  expect(access(m, va, true)).toEqual([{ fault: 'permission', level: 2 }]);
  writeEntries(m, 0x11000, 2, INVALID, 0);
  dsb(m, 'ishst');
  for (const cpu of [0, 1]) {
    expect(reaches(m, 2 ** 30, 4096).map((r) => r.held_by)).toEqual([cpu === 0 ? [0, 1] : [1]]);
    m.cpu = cpu;
    tlbi(m, { by: 'va', va, pages: 1024, last_level: false, broadcast: false });
    dsb(m, 'nsh');
    isb(m);
  }
  expect(held(m, va, 2 ** 22)).toEqual([]);
});
