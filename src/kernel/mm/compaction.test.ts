import { expect, test } from 'vitest';
import { booted, G, K, M, must, run, X86 } from '../../../test/kit.ts';
import type { Session } from '../../scenarios/running/session.ts';
import { zone_key } from '../state.ts';
import { __GFP_MOVABLE } from './migrate.ts';
import { page_use, USE } from './page.ts';

const START = 4 * G;
const FIRST = START / 4096;
const END = FIRST + 2 * 32768;

/** memory32 and memory33 on node 1, in zone Movable: 40 pages of programs at the beginning, one pinned. */
function machine(release: string): Session {
  const s = booted(release, X86);
  must(
    s,
    { add: { node: 1, start: START, size: 256 * M } },
    { online_movable: 32 },
    { online_movable: 33 },
    { use: { start: START, size: 160 * K, as: 'movable' } },
    { use: { start: START + 8 * K, size: 4 * K, as: 'pinned' } },
  );
  return s;
}

const zone = ({ kernel }: Session): number => zone_key(1, kernel.c.ZONE_MOVABLE);
const uses = ({ state }: Session, first: number, n: number): number[] =>
  Array.from({ length: n }, (_, i) => page_use(state.pages.get(first + i)));
const all = <T>(n: number, value: T): T[] => Array.from({ length: n }, () => value);

const releases = ['v5.2', 'v5.10', 'v6.1', 'v7.2'];

test.each(releases)('%s: isolate_migratepages_block() takes 32 pages, and none that is pinned', (release) => {
  const s = machine(release);
  expect(run(s, s.kernel.isolate_migratepages_block(zone(s), FIRST, FIRST + 512, 0)).value).toBe(32);
  expect(uses(s, FIRST, 40)).toEqual([
    ...all(2, USE.ISOLATED),
    USE.PINNED,
    ...all(30, USE.ISOLATED),
    ...all(7, USE.MOVABLE),
  ]);
  run(s, s.kernel.putback_movable_pages(zone(s)));
  expect(uses(s, FIRST, 40).filter((use) => use === USE.MOVABLE)).toHaveLength(39);
});

test.each(releases)('%s: what was isolated migrates to other pages, and none is left', (release) => {
  const s = machine(release);
  run(s, s.kernel.isolate_migratepages_block(zone(s), FIRST, FIRST + 4, 0));
  const moved = s.kernel.migrate_pages(zone(s), 'alloc_migration_target', null, __GFP_MOVABLE, 0, 0);
  expect(run(s, moved).value).toBe(0);
  // the first goes behind the others, each of the next to the page that the one before it has left
  expect(uses(s, FIRST, 5)).toEqual([USE.MOVABLE, USE.MOVABLE, USE.PINNED, USE.FREE, USE.MOVABLE]);
  expect(uses(s, FIRST + 40, 2)).toEqual([USE.MOVABLE, USE.FREE]);
});

test.each(releases)('%s: migrate_pages() of nothing', (release) => {
  const s = machine(release);
  expect(run(s, s.kernel.migrate_pages(zone(s), 'compaction_alloc', null, zone(s), 0, 0)).value).toBe(0);
});

test.each(releases)(
  '%s: compaction_alloc() takes the last free page of the zone behind a page',
  (release) => {
    const s = machine(release);
    expect(run(s, s.kernel.compaction_alloc(FIRST, zone(s))).value).toBe(END - 1);
    expect(uses(s, END - 2, 2)).toEqual([USE.FREE, USE.ISOLATED]);
    expect(run(s, s.kernel.compaction_alloc(END - 2, zone(s))).value).toBe(-1);
  },
);

test.each(releases)('%s: compact_zone() moves pages of the beginning to the end', (release) => {
  const s = machine(release);
  run(s, s.kernel.compact_zone(zone(s), null));
  // one pass takes at most 32 pages of a pageblock
  expect(uses(s, FIRST, 40)).toEqual([
    ...all(2, USE.FREE),
    USE.PINNED,
    ...all(30, USE.FREE),
    ...all(7, USE.MOVABLE),
  ]);
  expect(uses(s, END - 33, 33)).toEqual([USE.FREE, ...all(32, USE.MOVABLE)]);
});
