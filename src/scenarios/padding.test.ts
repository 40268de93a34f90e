import { expect, test } from 'vitest';
import { find_release } from '../releases/index.ts';
import { padding_json, padding_text, padding_totals } from '../report/padding.ts';
import { measure_padding } from './padding.ts';

const options = {
  before: find_release('v5.2')!,
  after: find_release('v6.1')!,
  seed: 1,
  trials: 10,
  steps: 64,
};

test('padding to sections costs capacity, and namespaces when the platform moves a region', () => {
  const measured = measure_padding(options);
  const t = padding_totals(measured);
  expect(t).toMatchInlineSnapshot(`
    {
      "appeared_after": 0,
      "appeared_before": 6,
      "collisions_after": 0,
      "collisions_before": 306,
      "moves": 650,
      "refused_after": 0,
      "refused_before": 0,
      "regions": 20,
      "size": 10762584064,
      "usable_after": 10720641024,
      "usable_before": 10185867264,
      "vanished_after": 0,
      "vanished_before": 10,
    }
  `);
  // what sub-sections leave of a region is all but the info block, to the alignment
  for (const region of measured.trials.flatMap((trial) => trial.regions)) {
    expect(region.after.usable).toBe(region.size - 2 * 2 ** 20);
    expect(region.before.usable).toBeLessThanOrEqual(region.after.usable);
  }
});

test('the same seed gives the same bytes', () => {
  const few = { ...options, trials: 2, steps: 8 };
  expect(padding_text(measure_padding(few))).toBe(padding_text(measure_padding(few)));
  expect(padding_json(measure_padding(few))).toEqual(padding_json(measure_padding(few)));
});
