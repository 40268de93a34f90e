import { describe, expect, test } from 'vitest';
import { booted, G, K, M, must, run, X86 } from '../../../test/kit.ts';
import type { Session } from '../../scenarios/running/session.ts';
import { FOLL_LONGTERM, FOLL_WRITE } from './gup.ts';
import { page_use, page_zonenum, USE } from './page.ts';
import { GUP_PIN_COUNTING_BIAS } from './user_pages.ts';

const START = 4 * G;
/** An address of a program. */
const ADDRESS = G;

/** memory32 on node 1, in zone Movable, free. */
function machine(release: string): Session {
  const s = booted(release, X86);
  must(s, { add: { node: 1, start: START, size: 128 * M } }, { online_movable: 32 });
  return s;
}

const mapped = ({ state }: Session, i = 0): number =>
  state.user_pte.get((ADDRESS + i * 4 * K) / (4 * K))!.pfn;
const refs = ({ state }: Session, pfn: number): number => state.user_page.get(pfn)?.refs ?? 0;
const use = ({ state }: Session, pfn: number): number => page_use(state.pages.get(pfn));
const isMovableZone = ({ state, kernel }: Session, pfn: number): boolean =>
  page_zonenum(state.pages.get(pfn)) === kernel.c.ZONE_MOVABLE;

describe.each(['v5.2', 'v5.10', 'v6.1', 'v7.2'])('%s', (release) => {
  test('get_user_pages() maps what is not mapped, and refers to it once', () => {
    const s = machine(release);
    expect(run(s, s.kernel.get_user_pages(ADDRESS, 3, FOLL_WRITE, 0)).value).toBe(3);
    const pfns = [0, 1, 2].map((i) => mapped(s, i));
    expect(pfns).toEqual([START / 4096, START / 4096 + 1, START / 4096 + 2]);
    expect(pfns.map((pfn) => refs(s, pfn))).toEqual([1, 1, 1]);
    expect(run(s, s.kernel.get_user_pages(ADDRESS, 1, FOLL_WRITE, 1)).value).toBe(1);
    expect(pfns.map((pfn) => refs(s, pfn))).toEqual([2, 1, 1]);
    run(s, s.kernel.release_pages(0, 3));
    expect(pfns.map((pfn) => refs(s, pfn))).toEqual([1, 0, 0]);
    expect(pfns.map((pfn) => use(s, pfn))).toEqual([USE.PINNED, USE.MOVABLE, USE.MOVABLE]);
  });
});

test.each(['v5.7', 'v6.1'])('%s: a pin counts 1024 references', (release) => {
  const s = machine(release);
  expect(run(s, s.kernel.pin_user_pages(ADDRESS, 1, FOLL_WRITE, 0)).value).toBe(1);
  expect(refs(s, mapped(s))).toBe(GUP_PIN_COUNTING_BIAS);
  run(s, s.kernel.unpin_user_pages(0, 1));
  expect(refs(s, mapped(s))).toBe(0);
});

/** The page is mapped before it is pinned: in zone Movable. */
function pinned(release: string): Session {
  const s = machine(release);
  run(s, s.kernel.handle_mm_fault(null, ADDRESS, 0, null));
  expect(isMovableZone(s, mapped(s))).toBe(true);
  expect(run(s, s.kernel.pin_user_pages(ADDRESS, 1, FOLL_WRITE + FOLL_LONGTERM, 0)).value).toBe(1);
  expect(refs(s, mapped(s))).toBe(GUP_PIN_COUNTING_BIAS);
  return s;
}

/** d1e153fea2a8 (v5.13) */
test.each([
  ['v5.7', true],
  ['v5.10', true],
  ['v6.1', false],
  ['v7.2', false],
])('%s: a page that is pinned for long is in zone Movable: %s', (release, stays) => {
  const s = pinned(release);
  expect(isMovableZone(s, mapped(s))).toBe(stays);
});

test('the page that was left is free', () => {
  const s = pinned('v6.1');
  expect(use(s, START / 4096)).toBe(USE.FREE);
});

test.each([
  ['v5.10', 'is_valid_gup_flags'],
  ['v6.1', 'is_valid_gup_flags'],
  ['v6.6', 'is_valid_gup_args'],
  ['v7.2', 'is_valid_gup_args'],
])('%s: a long-term reference that is no pin is refused by %s()', (release, where) => {
  const s = machine(release);
  const { value, events } = run(s, s.kernel.get_user_pages(ADDRESS, 1, FOLL_LONGTERM, 0));
  expect(value).toBe(-22);
  expect(events).toMatchObject([{ kind: 'warn', where }]);
});
