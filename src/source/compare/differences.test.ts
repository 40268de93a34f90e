import { expect, test } from 'vitest';
import { comparable, type DifferenceCounts } from './differences.ts';
import { type CompareEvent, tlbiText } from './events.ts';

const read = (entry: number): CompareEvent => ({ kind: 'read', text: `read ${entry}`, entry });
const other = (text: string): CompareEvent => ({ kind: 'other', text });
const tlbi = (va: number, lastLevel = true): CompareEvent => {
  const op = { by: 'va', va, pages: 1, last_level: lastLevel, broadcast: true } as const;
  return { kind: 'tlbi', text: tlbiText(op), tlbi: op };
};

const section = (text: string, written = false): CompareEvent => ({
  kind: 'other',
  text: `${written ? 'write' : 'read'} ${text}`,
  section: text.replace(/ =.*/, ''),
  written,
});

const compared = (...events: readonly CompareEvent[]) => {
  const counts: DifferenceCounts = {};
  return { left: comparable(events, counts, 4096).map(({ text }) => text), counts };
};

test('an entry that was accessed last is read again', () => {
  expect(compared(read(8), read(8), read(16), read(8))).toEqual({
    left: ['read 8', 'read 16', 'read 8'],
    counts: { again: 1 },
  });
});

test('barriers after a slot is set; not those after it is cleared', () => {
  const barriers = [other('dsb ishst'), other('isb')];
  expect(compared(other('set_slot 1 0x4000'), ...barriers)).toEqual({
    left: ['set_slot 1 0x4000'],
    counts: { slot_barriers: 2 },
  });
  expect(compared(other('set_slot 1 0'), ...barriers)).toEqual({
    left: ['set_slot 1 0', 'dsb ishst', 'isb'],
    counts: {},
  });
  expect(compared(other('lock swapper_pgdir_lock'), ...barriers).left).toEqual(['lock swapper_pgdir_lock']);
});

test('a DSB is passed over only right after a table was cleared', () => {
  expect(compared(other('clear_pages 0x4000 0x1000'), other('dsb ishst'), other('dsb ishst'))).toEqual({
    left: ['clear_pages 0x4000 0x1000', 'dsb ishst'],
    counts: { table_dsb: 1 },
  });
  expect(compared(other('dsb ishst')).left).toEqual(['dsb ishst']);
});

test('TLBIs of consecutive pages are one series', () => {
  expect(compared(tlbi(0), tlbi(4096), tlbi(8192), tlbi(4 * 4096))).toEqual({
    left: ['tlbi 0 3 pages last level', 'tlbi 0x4000 1 pages last level'],
    counts: { pieces: 2 },
  });
  expect(compared(tlbi(0), tlbi(4096, false)).left).toHaveLength(2);
  expect(compared(tlbi(0), other('dsb ish'), tlbi(4096)).left).toHaveLength(3);
});

test('fields of sections: reads where one is written, pieces of a write', () => {
  const map = 'section_mem_map of section 3';
  const pieces = [section(map), section(`${map} = 1`, true), section(map), section(`${map} = 3`, true)];
  expect(compared(...pieces)).toEqual({
    left: [`write ${map} = 3`],
    counts: { section_reads: 2, section_pieces: 1 },
  });
  // pfn_valid() writes none: what it reads, and in which order, is compared
  const usage = 'subsection_map of section 3';
  const bit = other('test_bit in the map of section 3');
  expect(compared(section(map), section(map), section(usage), bit)).toEqual({
    left: [`read ${map}`, `read ${usage}`, 'test_bit in the map of section 3'],
    counts: { section_reads: 1 },
  });
  expect(compared(section(`${map} = 1`, true), other('isb'), section(`${map} = 3`, true)).left).toHaveLength(
    3,
  );
});
