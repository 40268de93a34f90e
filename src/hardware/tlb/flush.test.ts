import { describe, expect, test } from 'vitest';
import { INVALID } from '../descriptor/descriptor.ts';
import { access } from '../memory/access.ts';
import { erase, writeEntries } from '../memory/write.ts';
import * as s from '../sample.ts';
import { dsb, isb } from './barriers.ts';
import { held, reaches } from './reach.ts';
import { tlbi } from './tlbi.ts';

const GONE = { fault: 'translation', level: 3 };
const at = (page: number) => ({ pa: s.ram(page), attr: s.leaf(0).attr, depth: 3 });
const who = (m: ReturnType<typeof s.sample>, page: number) =>
  reaches(m, s.ram(page), s.PAGE).map((r) => [r.in_memory, r.held_by, r.in_flight]);

describe('flush helpers', () => {
  test('flush_tlb_kernel_range: clear, DSB, TLBI, DSB, ISB leave nothing', () => {
    const m = s.sample(8);
    writeEntries(m, s.pte(2), 3, INVALID, 0);
    expect(held(m, s.VA, 2 ** 21)).toEqual([
      {
        as: 'leaf',
        level: 'PTE',
        va: s.va(2),
        size: 3 * s.PAGE,
        pa: s.ram(2),
        attr: s.leaf(0).attr,
        held_by: [0, 1],
        in_flight: [],
        settled: false,
      },
    ]);
    s.flushRange(m, s.va(2), s.va(5));
    expect(held(m, s.VA, 2 ** 21)).toEqual([]);
    expect(reaches(m, s.ram(2), 3 * s.PAGE)).toEqual([]);
    expect(access(m, s.va(3), false)).toEqual([GONE]);
    expect(access(m, s.va(5), false)).toEqual([at(5)]);
    expect(m.violations).toEqual([]);
  });

  test('a range short of what was cleared leaves the rest held', () => {
    const m = s.sample(8);
    writeEntries(m, s.pte(2), 4, INVALID, 0);
    s.flushRange(m, s.va(2), s.va(4));
    expect(held(m, s.VA, 2 ** 21).map((h) => [h.va, h.size])).toEqual([[s.va(4), 2 * s.PAGE]]);
    expect(access(m, s.va(5), false)).toEqual([at(5), GONE]);
  });

  test('a block goes with one TLBI anywhere in it', () => {
    const m = s.sample(0);
    writeEntries(m, s.PMD, 1, INVALID, 0);
    s.flushAll(m);
    writeEntries(m, s.PMD, 1, s.block(s.RAM), 0);
    dsb(m, 'ishst');
    isb(m);
    expect(access(m, s.va(7) + 5, false)).toEqual([{ pa: s.ram(7) + 5, attr: s.block(0).attr, depth: 2 }]);
    writeEntries(m, s.PMD, 1, INVALID, 0);
    expect(who(m, 300)).toEqual([[false, [0, 1], []]]);
    s.flushRange(m, s.va(100), s.va(101));
    expect(who(m, 300)).toEqual([]);
    expect(m.violations).toEqual([]);
  });

  test('local_flush_tlb_all: the CPU itself is rid of it, others are not', () => {
    const m = s.sample(4);
    writeEntries(m, s.pte(1), 1, INVALID, 0);
    s.localFlushAll(m);
    expect(who(m, 1)).toEqual([[false, [1], []]]);
    expect(access(m, s.va(1), false)).toEqual([GONE]);
    expect(s.on(m, 1, () => access(m, s.va(1), false))).toEqual([at(1), GONE]);
    // the other CPU's local flush comes before the write is visible to it
    s.on(m, 1, () => s.localFlushAll(m));
    expect(who(m, 1)).toEqual([[false, [1], []]]);
    dsb(m, 'ishst');
    s.on(m, 1, () => s.localFlushAll(m));
    expect(who(m, 1)).toEqual([]);
  });

  test('DSB LD settles nothing and completes nothing; DSB ISHST completes nothing', () => {
    const m = s.sample(4);
    writeEntries(m, s.pte(1), 1, INVALID, 0);
    dsb(m, 'ld');
    tlbi(m, { by: 'all', last_level: false, broadcast: true });
    dsb(m, 'ish');
    isb(m);
    expect(who(m, 1)).toEqual([[false, [0, 1], []]]);
    tlbi(m, { by: 'all', last_level: false, broadcast: true });
    for (const kind of ['ld', 'ishst', 'nshst', 'nsh'] as const) {
      dsb(m, kind);
      isb(m);
      expect(who(m, 1)).toEqual([[false, [0, 1], []]]);
    }
    dsb(m, 'ish');
    isb(m);
    expect(who(m, 1)).toEqual([]);
  });

  test("another CPU's DSB completes no TLBI but its own", () => {
    const m = s.sample(4);
    writeEntries(m, s.pte(1), 1, INVALID, 0);
    dsb(m, 'ishst');
    tlbi(m, { by: 'va', va: s.va(1), last_level: true, broadcast: true });
    s.on(m, 1, () => dsb(m, 'ish'));
    expect(who(m, 1)).toEqual([[false, [0, 1], []]]);
    dsb(m, 'ish');
    expect(who(m, 1)).toEqual([[false, [], [0]]]);
  });
});

describe('B17 and B22 to B26 of the catalogue', () => {
  test('B22: no ISB behind the walk-cache invalidation leaves the issuer its instructions in flight', () => {
    const m = s.sample(0);
    writeEntries(m, s.PMD, 1, INVALID, 0);
    s.flushPgtable(m, s.VA, false);
    const table = () =>
      reaches(m, s.PTE, s.PAGE).map((r) => [r.as, r.va, r.in_memory, r.held_by, r.in_flight]);
    expect(table()).toEqual([['table', s.VA, false, [], [0]]]);
    isb(m);
    expect(table()).toEqual([]);
  });

  test('B22: what is in flight was translated before: nothing that is written to the table later is found by it', () => {
    const m = s.sample(0);
    writeEntries(m, s.PMD, 1, INVALID, 0);
    s.flushPgtable(m, s.VA, false);
    // the page is another owner's table now, or no table at all
    writeEntries(m, s.pte(9), 1, s.leaf(0x7000_0000), 0);
    expect(access(m, s.va(9), false)).toEqual([{ fault: 'translation', level: 2 }]);
    writeEntries(m, s.pte(9), 1, INVALID, 0);
    expect(reaches(m, 0x7000_0000, s.PAGE)).toEqual([]);
    // linked again at its old place while the first unlinking is still in flight
    writeEntries(m, s.pte(3), 1, s.leaf(s.ram(3)), 0);
    writeEntries(m, s.PMD, 1, s.table(s.PTE), 0);
    expect(reaches(m, s.ram(3), s.PAGE).map((r) => [r.va, r.in_memory])).toEqual([[s.va(3), true]]);
    dsb(m, 'ishst');
    isb(m);
    expect(reaches(m, s.PTE, s.PAGE).map((r) => [r.in_memory, r.held_by, r.in_flight])).toEqual([
      [true, [], []],
    ]);
    expect(m.violations).toEqual([]);
  });

  test('B23: no ISB behind a new entry lets its writer fault, and nobody else', () => {
    const m = s.sample(4);
    writeEntries(m, s.pte(4), 1, s.leaf(s.ram(4)), 0);
    expect(access(m, s.va(4), false)).toEqual([at(4), GONE]);
    expect(s.on(m, 1, () => access(m, s.va(4), false))).toEqual([at(4), GONE]);
    dsb(m, 'ishst');
    expect(access(m, s.va(4), false)).toEqual([at(4), GONE]);
    expect(s.on(m, 1, () => access(m, s.va(4), false))).toEqual([at(4)]);
    isb(m);
    expect(access(m, s.va(4), false)).toEqual([at(4)]);
  });

  test('B23: who has seen a new entry and then executes DSB and ISB finds it, whatever its writer does', () => {
    const m = s.sample(4);
    writeEntries(m, s.pte(4), 1, s.leaf(s.ram(4)), 0);
    const there = () => s.on(m, 1, () => access(m, s.va(4), false));
    s.on(m, 1, () => isb(m));
    expect(there()).toEqual([at(4), GONE]);
    s.on(m, 1, () => dsb(m, 'ishst'));
    expect(there()).toEqual([at(4), GONE]);
    s.on(m, 1, () => isb(m));
    expect(there()).toEqual([at(4)]);
    // the writer itself still has to wait
    expect(access(m, s.va(4), false)).toEqual([at(4), GONE]);
    writeEntries(m, s.pte(5), 1, s.leaf(s.ram(5)), 0);
    expect(s.on(m, 1, () => access(m, s.va(5), false))).toEqual([at(5), GONE]);
  });

  test('B24: a leaf-only TLBI leaves the walk cache its table, and what is written there later is walked', () => {
    const m = s.sample(0);
    writeEntries(m, s.PMD, 1, INVALID, 0);
    s.flushRange(m, s.VA, s.VA + s.PAGE);
    expect(reaches(m, s.PTE, s.PAGE).map((r) => [r.as, r.held_by])).toEqual([['table', [0, 1]]]);
    // the page is reused, and its contents look like a descriptor
    writeEntries(m, s.pte(9), 1, s.leaf(0x7000_0000), 0);
    dsb(m, 'ish');
    isb(m);
    expect(access(m, s.va(9), false)).toEqual([
      { pa: 0x7000_0000, attr: s.leaf(0).attr, depth: 3 },
      { fault: 'translation', level: 2 },
    ]);
    expect(reaches(m, 0x7000_0000, s.PAGE).map((r) => [r.as, r.va])).toEqual([['leaf', s.va(9)]]);
    // an all-level TLBI invalidates the table; but it names another address, so the leaf cached during the walk stays
    s.flushPgtable(m, s.VA, true);
    expect(reaches(m, s.PTE, s.PAGE)).toEqual([]);
    expect(held(m, s.VA, 2 ** 21).map((h) => [h.as, h.va, h.pa])).toEqual([['leaf', s.va(9), 0x7000_0000]]);
    s.flushAll(m);
    expect(held(m, s.VA, 2 ** 21)).toEqual([]);
  });

  test('B24: the all-level TLBI takes an empty table whole', () => {
    const m = s.sample(0);
    writeEntries(m, s.PMD, 1, INVALID, 0);
    s.flushPgtable(m, s.VA, true);
    expect(reaches(m, s.PTE, s.PAGE)).toEqual([]);
    expect(held(m, s.VA, 2 ** 22)).toEqual([]);
  });

  test('B25: a TLBI before DSB ISHST is undone by a refill', () => {
    const m = s.sample(4);
    writeEntries(m, s.pte(1), 1, INVALID, 0);
    tlbi(m, { by: 'va', va: s.va(1), last_level: true, broadcast: true });
    dsb(m, 'ish');
    isb(m);
    expect(who(m, 1)).toEqual([[false, [0, 1], []]]);
    expect(s.on(m, 1, () => access(m, s.va(1), false))).toEqual([at(1), GONE]);
  });

  test('B25: before the DSB behind the TLBI other CPUs still reach the page', () => {
    const m = s.sample(4);
    writeEntries(m, s.pte(1), 1, INVALID, 0);
    dsb(m, 'ishst');
    tlbi(m, { by: 'va', va: s.va(1), last_level: true, broadcast: true });
    expect(who(m, 1)).toEqual([[false, [0, 1], []]]);
    dsb(m, 'ish');
    expect(who(m, 1)).toEqual([[false, [], [0]]]);
    isb(m);
    expect(who(m, 1)).toEqual([]);
  });

  test('B26: a contiguous group cleared one entry at a time keeps its first page', () => {
    const m = s.sample(16, { attr: s.cont(0).attr & ~s.leaf(0).attr });
    for (let page = 0; page < 16; page++) {
      writeEntries(m, s.pte(page), 1, INVALID, 0);
      s.flushRange(m, s.va(page), s.va(page + 1));
      if (page === 0) {
        // the other members translate for the whole group
        expect(access(m, s.va(0), false).map((o) => ('pa' in o ? o.pa : o.fault))).toEqual([
          s.ram(0),
          'translation',
        ]);
      }
    }
    expect(held(m, s.VA, 2 ** 21).map((h) => [h.va, h.size])).toEqual([[s.VA, 15 * s.PAGE]]);
    expect(who(m, 0)).toEqual([[false, [0, 1], []]]);
    expect(who(m, 15)).toEqual([]);
    expect(m.violations.map((v) => [v.rule, v.va])).toHaveLength(15);
    expect(m.violations[0]).toEqual({
      rule: 'contiguous-group',
      va: s.VA,
      size: s.PAGE,
      cpu: 0,
      old: s.cont(s.RAM),
      now: INVALID,
    });
  });

  test('B26, mended: all cleared, then flushed once', () => {
    const m = s.sample(16, { attr: s.cont(0).attr & ~s.leaf(0).attr });
    for (let page = 0; page < 16; page++) writeEntries(m, s.pte(page), 1, INVALID, 0);
    s.flushRange(m, s.VA, s.va(16));
    expect(held(m, s.VA, 2 ** 21)).toEqual([]);
    expect(reaches(m, s.RAM, 16 * s.PAGE)).toEqual([]);
    expect(m.violations).toEqual([]);
  });

  test('B17: a table unlinked with pages in it keeps them reachable, by-VA flush or not', () => {
    const m = s.sample(4);
    writeEntries(m, s.PMD, 1, INVALID, 0);
    expect(who(m, 2)).toEqual([[true, [], []]]);
    s.flushPgtable(m, s.va(0), true);
    expect(held(m, s.VA, 2 ** 21).map((h) => [h.as, h.va, h.size])).toEqual([['leaf', s.va(1), 3 * s.PAGE]]);
  });

  test('erasing a table page in use is clearing its entries', () => {
    const m = s.sample(4);
    erase(m, s.PTE, s.PAGE);
    expect(held(m, s.VA, 2 ** 21).map((h) => [h.va, h.size])).toEqual([[s.VA, 4 * s.PAGE]]);
  });
});
