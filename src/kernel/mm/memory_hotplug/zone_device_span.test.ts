import { expect, test } from 'vitest';
import { booted, G, M, must, X86 } from '../../../../test/kit.ts';
import type { Session } from '../../../scenarios/running/session.ts';
import { zone_key } from '../../state.ts';

/** The span of ZONE_DEVICE when device memory goes: start and size in pages. */

const span = ({ state, kernel }: Session): [number, number] => {
  const { zone_start_pfn, spanned_pages } = state.zone.get(zone_key(0, kernel.c.ZONE_DEVICE))!;
  return [zone_start_pfn, spanned_pages];
};

/** The spans after each removal of the ranges, in this order. */
function spans(release: string, ranges: readonly (readonly [number, number])[], removed: readonly number[]) {
  const s = booted(release, X86);
  for (const [start, size] of ranges) must(s, { memremap: { start, size } });
  const found = [span(s)];
  for (const i of removed) {
    must(s, { memunmap: { start: ranges[i]![0], size: ranges[i]![1] } });
    found.push(span(s));
  }
  return found;
}

const FIRST = (8 * G) / 4096;
const subsections = [
  [8 * G, 96 * M],
  [8 * G + 96 * M, 96 * M],
] as const;
const sections = [
  [8 * G, 128 * M],
  [8 * G + 128 * M, 128 * M],
  [8 * G + 512 * M, 128 * M],
] as const;

test('v5.3 shrinks it by sub-sections', () => {
  expect(spans('v5.3', subsections, [1, 0])).toEqual([
    [FIRST, 49152],
    [FIRST, 24576],
    [0, 0],
  ]);
  expect(spans('v5.3', subsections, [0, 1])).toEqual([
    [FIRST, 49152],
    [FIRST + 24576, 24576],
    [0, 0],
  ]);
});

test.each(['v5.2', 'v5.3'])('%s shrinks it at both ends, not for a hole, and over a hole', (release) => {
  expect(spans(release, sections, [1, 2, 0])).toEqual([
    [FIRST, 163840],
    [FIRST, 163840],
    [FIRST, 32768],
    [0, 0],
  ]);
  expect(spans(release, sections, [0, 1, 2])).toEqual([
    [FIRST, 163840],
    [FIRST + 32768, 131072],
    [FIRST + 131072, 32768],
    [0, 0],
  ]);
});

test('v5.2 adds whole sections around a range, and takes their pages away', () => {
  const whole = [
    [8 * G, 96 * M],
    [8 * G + 128 * M, 96 * M],
  ] as const;
  expect(spans('v5.2', whole, [1, 0])).toEqual([
    [FIRST, 65536],
    [FIRST, 32768],
    [0, 0],
  ]);
});

test.each(['v5.4', 'v5.7', 'v5.10', 'v6.1', 'v6.12', 'v7.2'])('%s leaves it as it is', (release) => {
  expect(spans(release, subsections, [1, 0])).toEqual([
    [FIRST, 49152],
    [FIRST, 49152],
    [FIRST, 49152],
  ]);
});
