import { expect, test } from 'vitest';
import { explore } from '../search/exploration.ts';
import { hotrm } from './hotrm.ts';

test('hotrm(512) finishes', () => {
  const verdict = explore(hotrm(512)).states().verdict();
  expect(verdict).toMatchObject({ verdict: 'violated', steps: 516 });
  const all = explore(hotrm(512)).only().states().verdict();
  expect(all.stats.states).toBe(512 * 512 + 5 * 512 + 7);
});
