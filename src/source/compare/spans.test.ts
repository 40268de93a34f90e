import { expect, test } from 'vitest';
import type { DifferenceCounts } from './differences.ts';
import type { CompareEvent } from './events.ts';
import { comparableSpans } from './spans.ts';

const read = (zone: number, field: string, value: number): CompareEvent => ({
  kind: 'other',
  text: `read ${field} of zone ${zone}`,
  span: `zone ${zone} ${field}`,
  written: false,
  value,
});
const write = (zone: number, field: string, value: number): CompareEvent => ({
  kind: 'other',
  text: `write ${field} of zone ${zone} = ${value}`,
  span: `zone ${zone} ${field}`,
  written: true,
});
const other = (text: string): CompareEvent => ({ kind: 'other', text });
const section = (text: string, written = false): CompareEvent => ({
  kind: 'other',
  text,
  section: text,
  written,
});

const compared = (...events: readonly CompareEvent[]) => {
  const counts: DifferenceCounts = {};
  return { left: comparableSpans(events, counts).map(({ text }) => text), counts };
};

test('reads between two writes count once, in any order', () => {
  const [start, size] = [read(2, 'zone_start_pfn', 8), read(2, 'spanned_pages', 4)];
  const written = write(2, 'spanned_pages', 6);
  const one = compared(start, size, size, written, start);
  expect(one).toEqual({
    left: [size.text, start.text, written.text, start.text],
    counts: { span_reads: 1 },
  });
  expect(compared(size, start, written, start).left).toEqual(one.left);
});

test('the start of an empty zone is not compared; that of another is', () => {
  expect(
    compared(
      read(2, 'zone_start_pfn', 0),
      read(2, 'spanned_pages', 0),
      read(3, 'zone_start_pfn', 8),
      read(3, 'spanned_pages', 4),
    ).left,
  ).toEqual([
    'read spanned_pages of zone 2',
    'read spanned_pages of zone 3',
    'read zone_start_pfn of zone 3',
  ]);
});

test('a start is written again with the same value; another value is compared', () => {
  const between = [read(2, 'zone_start_pfn', 8), read(2, 'spanned_pages', 4)];
  expect(compared(write(2, 'zone_start_pfn', 8), ...between, write(2, 'zone_start_pfn', 8))).toEqual({
    left: [between[1]!.text, between[0]!.text, 'write zone_start_pfn of zone 2 = 8'],
    counts: { span_again: 1 },
  });
  const twice = compared(write(2, 'zone_start_pfn', 8), write(2, 'zone_start_pfn', 9));
  expect(twice.left).toHaveLength(2);
  const apart = compared(write(2, 'zone_start_pfn', 8), other('lock a'), write(2, 'zone_start_pfn', 8));
  expect(apart.left).toHaveLength(3);
});

test('what a search reads is passed over only after a span was read', () => {
  const search = [
    section('read section_mem_map of section 4'),
    other('flags of the struct page of 0x8000'),
    other('has_key "mem_section_root" 0'),
  ];
  expect(compared(...search)).toEqual({ left: search.map(({ text }) => text), counts: {} });
  expect(compared(read(2, 'spanned_pages', 4), ...search)).toEqual({
    left: ['read spanned_pages of zone 2'],
    counts: { search: 3 },
  });
  const locked = other('lock a');
  expect(compared(read(2, 'spanned_pages', 4), locked, ...search).left).toHaveLength(5);
  const written = section('write section_mem_map of section 4 = 3', true);
  expect(compared(read(2, 'spanned_pages', 4), written).left).toContain(written.text);
});

test('page_init_poison() of sections that adjoin is one', () => {
  const parts = [other('forget_pages 0x8000 0x10000'), other('forget_pages 0x10000 0x18000')];
  expect(compared(...parts)).toEqual({ left: ['forget_pages 0x8000 0x18000'], counts: { poison: 1 } });
  expect(compared(parts[1]!, parts[0]!).left).toHaveLength(2);
});
