import { expect, test } from 'vitest';
import type { Site } from './site.ts';
import { readZone } from './zones.ts';

const OFFSETS: Readonly<Record<string, number>> = {
  zone_start_pfn: 0,
  spanned_pages: 8,
  present_pages: 16,
  node: 24,
};

const SITE = {
  addresses: { zoneIndexes: [0, 1, 2, 3] },
  program: {
    memberIfAny: (_: string, path: string) =>
      path in OFFSETS ? { offset: OFFSETS[path]!, size: 8 } : undefined,
  },
  stop(what: string): never {
    throw new Error(what);
  },
} as unknown as Site;

const read = (offset: number): unknown =>
  readZone(SITE, { kind: 'zone', nid: 1, index: 4, offset }, 8).next().value;

test.each(['zone_start_pfn', 'spanned_pages', 'present_pages'])(
  'a zone that the machine has not been built with is empty: %s',
  (path) => {
    expect(read(OFFSETS[path]!)).toEqual({ lo: 0, hi: 0 });
  },
);

test('nothing else of it can be read', () => {
  expect(() => read(OFFSETS.node!)).toThrow('zone 4 of node 1');
});
