import { expect, test } from 'vitest';
import { ARM64, booted, must, X86 } from '../../../test/kit.ts';
import { sectionTable } from './section-table.ts';

type Session = ReturnType<typeof booted>;

/** The pageblocks of a section as "first-last type". */
const pageblocks = ({ state, kernel }: Session, nr: number): string[] | undefined =>
  sectionTable(state, kernel)
    .rows.find((row) => row.nr === nr)
    ?.pageblocks.map(({ first, last, migratetype }) => `${first}-${last} ${migratetype}`);

const ADD = { add: { start: '5G', size: '128M' } };

test('usage is allocated zeroed; online pageblocks are movable, and stay isolated when they go offline', () => {
  const session = booted('v6.1', X86);
  must(session, ADD);
  expect(pageblocks(session, 40)).toEqual(['0-63 Unmovable']);
  must(session, { online_movable: 40 });
  expect(pageblocks(session, 40)).toEqual(['0-63 Movable']);
  must(session, { offline: 40 });
  expect(pageblocks(session, 40)).toEqual(['0-63 Isolate']);
  must(session, { remove: { start: '5G', size: '128M' } });
  expect(pageblocks(session, 40)).toBeUndefined();
  must(session, ADD);
  expect(pageblocks(session, 40)).toEqual(['0-63 Unmovable']);
});

test('a debug build poisons struct pages, not the types of their pageblocks', () => {
  const session = booted('v6.1', { ...X86, debug_vm: true });
  must(session, ADD, { online_movable: 40 }, { offline: 40 });
  expect(pageblocks(session, 40)).toEqual(['0-63 Isolate']);
});

test("a block's own memmap is in a pageblock that is not movable", () => {
  const session = booted('v6.1', { ...ARM64, boot_options: 'memory_hotplug.memmap_on_memory=1' });
  must(session, { device_add: { id: 'd', start: '5G', size: '128M' } }, { online_movable: 40 });
  expect(pageblocks(session, 40)).toEqual(['0-0 Unmovable', '1-63 Movable']);
});

test('sub-sections without a memmap have no pageblocks to show', () => {
  const session = booted('v6.1', X86);
  must(
    session,
    { arch_add: { start: '5G', size: '32M' } },
    { arch_add: { start: 0x144000000, size: '64M' } },
  );
  expect(pageblocks(session, 40)).toEqual(['0-15 Unmovable', '32-63 Unmovable']);
});

test('pageblocks of 512M fill a section of 64K pages', () => {
  const session = booted('v6.1', { ...ARM64, page_size: '64K' });
  expect(pageblocks(session, 2)).toEqual(['0-0 Movable']);
});

test('roots, and the sections that one has', () => {
  const { state, kernel } = booted('v6.1', X86);
  const { roots, sections_per_root } = sectionTable(state, kernel);
  expect({ roots, sections_per_root }).toEqual({ roots: [{ nr: 0, nid: 0 }], sections_per_root: 256 });
});
