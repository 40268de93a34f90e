import { expect, test } from 'vitest';
import { booted, G, M, must, play, X86 } from '../../../test/kit.ts';
import { findRelease } from '../../releases/index.ts';
import { paddingJson, paddingText, paddingTotals } from '../../report/pages/padding.ts';
import { measurePadding } from './padding.ts';

const options = {
  before: findRelease('v5.2')!,
  after: findRelease('v6.1')!,
  seed: 1,
  trials: 10,
  steps: 64,
};

test('padding to sections costs capacity, and namespaces when the platform moves a region', () => {
  const measured = measurePadding(options);
  const t = paddingTotals(measured);
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
  // with sub-sections all of a region but the info block is usable, up to the alignment
  for (const region of measured.trials.flatMap((trial) => trial.regions)) {
    expect(region.after.usable).toBe(region.size - 2 * 2 ** 20);
    expect(region.before.usable).toBeLessThanOrEqual(region.after.usable);
  }
});

test('the same seed gives the same bytes', () => {
  const few = { ...options, trials: 2, steps: 8 };
  expect(paddingText(measurePadding(few))).toBe(paddingText(measurePadding(few)));
  expect(paddingJson(measurePadding(few))).toEqual(paddingJson(measurePadding(few)));
});

test('moved by the platform, v5.2 loses the namespace until it is made anew; sub-sections do not care', () => {
  const story = (name: string) => {
    const s = booted(name, { ...X86, ram: [{ start: 0, size: 2 * G + 32 * M }] });
    const start = 2 * G + 128 * M;
    const region = { region: 0, start, size: 256 * M, labels: false };
    const make = 'create-namespace -f -e namespace0.0 -m fsdax -M mem';
    must(s, { nvdimm: region }, { ndctl: make });
    const [moved] = play(s, { nvdimm_move: { region: 0, start: start - 64 * M, expect: 'any' } });
    const [again] = play(s, { ndctl: { run: make, expect: 'any' } });
    const { media } = s.state.nd_region.get(0)!;
    return { moved: moved!.messages.at(-1), again: again!.result, start_pad: media[0]!.start_pad };
  };
  expect(story('v5.2')).toEqual({
    moved:
      'WARNING at devm_memremap_pages: devm_memremap_pages attempted on mixed region [mem 0x84000000-0x93ffffff flags 0x200]',
    again: 'success',
    start_pad: 64 * M,
  });
  expect(story('v6.1')).toEqual({ moved: undefined, again: 'success', start_pad: 0 });
});
