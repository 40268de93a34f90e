import { expect, test } from 'vitest';
import { catalogue } from '../../src/cli/inputs/catalogue.ts';
import { checkDeltas } from './deltas.ts';

const stories = catalogue().flatMap(({ entry }) =>
  entry.kind === 'threads' && entry.failure ? [entry] : [],
);

test('the catalogue has stories', () => {
  expect(stories.length).toBeGreaterThanOrEqual(40);
});

test.each(stories.map((entry) => [entry.id, entry] as const))(
  'after each delta of %s there is what its replay has there',
  (_, entry) => {
    expect(checkDeltas(entry)).toBeGreaterThan(0);
  },
);
