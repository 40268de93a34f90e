import fc from 'fast-check';
import { expect, test } from 'vitest';
import { cases } from '../../../test/cases.ts';
import { applied, deltaOf, type Snapshot } from './delta.ts';

const value = fc.oneof(fc.integer(), fc.string(), fc.record({ a: fc.integer(), b: fc.array(fc.string()) }));
// not __proto__: an assignment to it sets no member
const name = fc.string({ maxLength: 3 });
const snapshot: fc.Arbitrary<Snapshot> = fc.dictionary(name, fc.dictionary(name, value, { maxKeys: 6 }), {
  maxKeys: 4,
});

/** Without groups in which there is nothing: a delta does not tell them from groups that are not there. */
const filled = (of: Snapshot): Snapshot =>
  Object.fromEntries(Object.entries(of).filter(([, group]) => Object.keys(group).length > 0));

test('a snapshot and a delta give the next snapshot', () => {
  fc.assert(
    fc.property(snapshot, snapshot, (before, after) => {
      expect(filled(applied(before, deltaOf(before, after)))).toEqual(filled(after));
    }),
    { numRuns: cases(300, 10_000) },
  );
});

test('of what stays the same a delta says nothing', () => {
  const before = { blocks: { memory1: { state: 'online' }, memory2: { state: 'offline' } }, zones: { a: 1 } };
  const after = { blocks: { memory1: { state: 'online' }, memory3: { state: 'offline' } }, zones: { a: 1 } };
  expect(deltaOf(before, before)).toEqual({});
  expect(deltaOf(before, after)).toEqual({ blocks: { memory2: null, memory3: { state: 'offline' } } });
});
