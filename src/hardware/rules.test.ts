import { describe, expect, test } from 'vitest';
import { translation } from '../geometry/translation.ts';
import { checkDescriptor, descriptorCheck, ReservedBits } from './descriptor/check-words.ts';
import {
  AF,
  AP_RDONLY,
  ATTR_INDEX_SHIFT,
  CONT,
  fromWord,
  GP,
  INVALID,
  NG,
  PXN,
  SW_DIRTY,
} from './descriptor/descriptor.ts';
import { access } from './memory/access.ts';
import { writeEntries } from './memory/write.ts';
import * as s from './sample.ts';
import { dsb, isb } from './tlb/barriers.ts';
import { held, reaches } from './tlb/reach.ts';
import { tlbi } from './tlb/tlbi.ts';

const rules = (m: ReturnType<typeof s.sample>) => m.violations.map((v) => [v.rule, v.va, v.size]);

describe('break-before-make', () => {
  test('another page in place: recorded, and both may be seen, or a conflict', () => {
    const m = s.sample(4);
    writeEntries(m, s.pte(1), 1, s.leaf(s.ram(9)), 0);
    expect(m.violations).toEqual([
      {
        rule: 'changed-live',
        va: s.va(1),
        size: s.PAGE,
        cpu: 0,
        old: s.leaf(s.ram(1)),
        now: s.leaf(s.ram(9)),
      },
    ]);
    const attr = s.leaf(0).attr;
    expect(access(m, s.va(1), false)).toEqual([
      { pa: s.ram(1), attr, depth: 3 },
      { pa: s.ram(9), attr, depth: 3 },
      { fault: 'conflict', level: 3 },
    ]);
  });

  test('permissions, nG and software bits may change in place; memory type, table for block, the hint may not', () => {
    const changed = (now: { addr: number; attr: number }, at = s.pte(1)): number => {
      const m = s.sample(4);
      writeEntries(m, at, 1, now, 0);
      return m.violations.length;
    };
    expect(changed(s.leaf(s.ram(1), AP_RDONLY | PXN))).toBe(0);
    expect(changed(s.leaf(s.ram(1), NG))).toBe(0);
    expect(changed(s.leaf(s.ram(1), 1 << ATTR_INDEX_SHIFT))).toBe(1);
    expect(changed(s.leaf(s.ram(1), CONT))).toBe(1);
    expect(changed(s.block(s.RAM), s.PMD)).toBe(1);
    expect(changed(INVALID)).toBe(0);
    const m = s.sample(4, { attr: NG });
    writeEntries(m, s.pte(1), 1, s.leaf(s.ram(1)), 0);
    expect(rules(m)).toEqual([['changed-live', s.va(1), s.PAGE]]);
  });

  test('software bits are nothing to hardware: no record, no violation, not even next to the hint', () => {
    for (const more of [0, CONT]) {
      const m = s.sample(16, { attr: more });
      writeEntries(m, s.pte(1), 1, s.leaf(s.ram(1), more | SW_DIRTY), 0);
      expect(m.violations).toEqual([]);
      expect(held(m, s.VA, 2 ** 21)).toEqual([]);
      expect(m.words.get(s.pte(1))).toEqual(s.leaf(s.ram(1), more | SW_DIRTY));
      writeEntries(m, s.pte(0), 16, INVALID, 0);
      s.flushRange(m, s.VA, s.va(16));
      expect(reaches(m, s.RAM, 16 * s.PAGE)).toEqual([]);
    }
  });

  test('old permissions stay held until they are flushed', () => {
    const m = s.sample(4);
    writeEntries(m, s.pte(1), 1, s.leaf(s.ram(1), AP_RDONLY), 0);
    expect(access(m, s.va(1), true)).toEqual([
      { pa: s.ram(1), attr: s.leaf(0).attr, depth: 3 },
      { fault: 'permission', level: 3 },
    ]);
    s.flushRange(m, s.va(1), s.va(2));
    expect(access(m, s.va(1), true)).toEqual([{ fault: 'permission', level: 3 }]);
  });

  test('cleared and set again without the TLBI between', () => {
    const m = s.sample(4);
    writeEntries(m, s.pte(1), 1, INVALID, 0);
    dsb(m, 'ishst');
    writeEntries(m, s.pte(1), 1, s.leaf(s.ram(9)), 0);
    expect(rules(m)).toEqual([['not-invalidated', s.va(1), s.PAGE]]);
  });

  test('cleared and set again to the same: nothing is stale', () => {
    const m = s.sample(4);
    writeEntries(m, s.pte(1), 2, INVALID, 0);
    writeEntries(m, s.pte(1), 2, s.leaf(s.ram(1)), s.PAGE);
    expect(m.violations).toEqual([]);
    expect(held(m, s.VA, 2 ** 21)).toEqual([]);
    expect(reaches(m, s.ram(1), s.PAGE).map((r) => r.in_memory)).toEqual([true]);
  });

  test('B10, B41: a block cleared and never flushed conflicts with the pages mapped there next; so does the reverse', () => {
    const m = s.sample(0);
    writeEntries(m, s.PMD, 1, INVALID, 0);
    s.flushAll(m);
    writeEntries(m, s.PMD, 1, s.block(s.RAM), 0);
    writeEntries(m, s.PMD, 1, INVALID, 0);
    dsb(m, 'ishst');
    writeEntries(m, s.PMD, 1, s.table(s.PTE), 0);
    expect(rules(m)).toEqual([['not-invalidated', s.VA, 2 ** 21]]);
    const back = s.sample(2);
    writeEntries(back, s.pte(0), 2, INVALID, 0);
    writeEntries(back, s.PMD, 1, INVALID, 0);
    s.flushPgtable(back, s.va(1), true);
    writeEntries(back, s.PMD, 1, s.block(s.RAM), 0);
    expect(rules(back)).toEqual([['not-invalidated', s.VA, 2 ** 21]]);
  });
});

describe('faults', () => {
  test('each at the level where the walk ends', () => {
    const m = s.sample(1);
    const fault = (va: number) => access(m, va, false);
    expect(fault(s.va(1))).toEqual([{ fault: 'translation', level: 3 }]);
    expect(fault(s.VA + 2 ** 22)).toEqual([{ fault: 'translation', level: 2 }]);
    expect(fault(s.VA + 2 ** 30)).toEqual([{ fault: 'translation', level: 1 }]);
    expect(fault(s.VA + 2 ** 39)).toEqual([{ fault: 'translation', level: 0 }]);
    expect(fault(-1)).toEqual([{ fault: 'translation', level: 0 }]);
  });

  test('access flag and permission; a descriptor without the flag is not cached', () => {
    const m = s.sample(4, { attr: AP_RDONLY });
    expect(access(m, s.va(0), true)).toEqual([{ fault: 'permission', level: 3 }]);
    expect(access(m, s.va(0) + 8, false)).toEqual([
      { pa: s.RAM + 8, attr: s.leaf(0, AP_RDONLY).attr, depth: 3 },
    ]);
    const old = { addr: s.ram(4), attr: s.leaf(0).attr & ~AF };
    writeEntries(m, s.pte(4), 1, old, 0);
    dsb(m, 'ish');
    isb(m);
    expect(access(m, s.va(4), false)).toEqual([{ fault: 'access-flag', level: 3 }]);
    expect(reaches(m, s.ram(4), s.PAGE)).toEqual([]);
    writeEntries(m, s.pte(4), 1, s.leaf(s.ram(4)), 0);
    expect(m.violations).toEqual([]);
    expect(access(m, s.va(4), false).map((o) => ('pa' in o ? o.pa : o.fault))).toEqual([
      s.ram(4),
      'access-flag',
    ]);
    writeEntries(m, s.pte(4), 1, old, 0);
    expect(held(m, s.va(4), s.PAGE)).toHaveLength(1);
  });
});

describe('a broadcast TLBI that completes early (CVE-2025-10263)', () => {
  const clearAndFlush = (times: number) => {
    const m = s.sample(4, { cpus: 2, defect: 'early-tlbi' });
    writeEntries(m, s.pte(1), 1, INVALID, 0);
    dsb(m, 'ishst');
    for (let i = 0; i < times; i++) {
      tlbi(m, { by: 'va', va: s.va(1), last_level: true, broadcast: true });
      dsb(m, 'ish');
    }
    isb(m);
    return m;
  };

  test('once: stores of other CPUs go on through the old translation, though none holds it', () => {
    const m = clearAndFlush(1);
    expect(reaches(m, s.ram(1), s.PAGE).map((r) => [r.in_memory, r.held_by, r.in_flight])).toEqual([
      [false, [], [1]],
    ]);
    expect(s.on(m, 1, () => access(m, s.va(1), true))).toHaveLength(2);
    expect(s.on(m, 1, () => access(m, s.va(1), false))).toHaveLength(1);
    expect(access(m, s.va(1), true)).toEqual([{ fault: 'translation', level: 3 }]);
  });

  test('TLBI and DSB twice outlast it, and the second may be for another address', () => {
    expect(reaches(clearAndFlush(2), s.ram(1), s.PAGE)).toEqual([]);
    const m = clearAndFlush(1);
    s.flushRange(m, s.va(3), s.va(4));
    expect(reaches(m, s.ram(1), s.PAGE)).toEqual([]);
  });

  test('a DSB alone does not', () => {
    const m = clearAndFlush(1);
    dsb(m, 'ish');
    isb(m);
    expect(reaches(m, s.ram(1), s.PAGE)).toHaveLength(1);
  });
});

describe('reserved bits', () => {
  const t4 = translation('arm64', 4096, 48);
  const t16 = translation('arm64', 16384, 47);
  const t64 = translation('arm64', 65536, 52);

  test('what kernels write is accepted', () => {
    expect(descriptorCheck(t4, 3, fromWord(0x0068_0000_4000_0713n))).toBeUndefined();
    expect(descriptorCheck(t4, 3, s.leaf(s.RAM, GP | CONT))).toBeUndefined();
    expect(descriptorCheck(t4, 2, s.block(2 ** 21, CONT))).toBeUndefined();
    expect(descriptorCheck(t4, 1, fromWord(0x1800_0000_4000_0003n))).toBeUndefined();
    expect(descriptorCheck(t64, 2, fromWord(0x0068_0000_4000_f713n))).toBeUndefined();
    expect(descriptorCheck(t4, 3, fromWord(0xffff_ffff_ffff_fffen))).toBeUndefined();
  });

  test.each([
    [t4, 3, 0x0000_0000_4000_0711n, 'bit 1 is clear, which is reserved for pages'],
    [t4, 0, 0x0000_0000_4000_0711n, 'a block, which this level does not have'],
    [t16, 0, 0x0000_0000_4000_0711n, 'a block, which this level does not have'],
    [t4, 2, 0x0000_0000_4000_1711n, 'bit 12 is below the output address'],
    [t4, 2, 0x0000_0000_4010_0711n, 'bit 20 is below the output address'],
    [t16, 2, 0x0000_0000_4000_2713n, 'bit 13 is below the output address'],
    [t16, 1, 0x0000_0000_4000_1003n, 'bit 12 is below the table address'],
    [t4, 3, 0x0001_0000_4000_0713n, 'bit 48 is reserved'],
    [t4, 3, 0x0002_0000_4000_0713n, 'bit 49 is reserved'],
    [t4, 1, 0x0010_0000_4000_0711n, undefined],
    [t16, 1, 0x0002_0000_4000_0003n, 'bit 49 is reserved'],
  ])('%# is refused by name', (t, depth, word, what) => {
    expect(descriptorCheck(t, depth, fromWord(word))).toBe(what);
  });

  test('as an error that names level and word', () => {
    const bad = () => checkDescriptor(t4, 3, fromWord(0x0001_0000_4000_0713n));
    expect(bad).toThrow(ReservedBits);
    expect(bad).toThrow('descriptor 0001000040000713 of a level 3 table: bit 48 is reserved');
  });
});
