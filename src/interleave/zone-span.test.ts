import { expect, test } from 'vitest';
import { anything, bootedForSteps, faults, first, found, says } from '../../test/interleave.ts';
import { G, M, X86 } from '../../test/kit.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { zone_key } from '../kernel/state.ts';
import type { Monitor } from '../schedule/monitors/monitor.ts';
import type { Program } from '../schedule/program/program.ts';
import type { Steps } from '../steps/step.ts';
import { kernelProgram } from './kernel-program.ts';

const SMALL = { ...X86, ram: [{ start: 0, size: '1G' }], nodes: [{ node: 0, cpus: '0-1' }], debug_vm: true };
const START = 4 * G;
const BLOCK = 128 * M;
const ID = START / BLOCK;
const BLOCKS = 3;

/** The first block leaves its zone while another thread asks for the zone of the last block's last page. */
function shrinking(
  release: string,
  asking: (k: Kernel, zone: number, pfn: number) => Steps<unknown>,
): Program {
  const model = bootedForSteps(release, SMALL);
  const { c } = model.kernel;
  for (let i = 0; i < BLOCKS; i++) {
    first(model, model.kernel.add_memory(0, START + i * BLOCK, BLOCK, 0));
    first(model, model.kernel.state_store(ID + i, 'online_movable'));
  }
  const last = (START + BLOCKS * BLOCK) / c.PAGE_SIZE - 1;
  return kernelProgram(`zone span on ${release}`, model, {
    *reader(k: Kernel): Steps<unknown> {
      return yield* asking(k, zone_key(0, k.c.ZONE_MOVABLE), last);
    },
    // until v5.3 a removal shrinks the zone
    *remover(k: Kernel): Steps<void> {
      yield* k.state_store(ID, 'offline');
      if (!('remove_pfn_range_from_zone' in k)) yield* (k as Kernel).remove_memory(START, BLOCK);
    },
  });
}

const freeing = (release: string): Program => shrinking(release, (k, _zone, pfn) => k.free_one_page(pfn));
const spanning = (release: string): Program =>
  shrinking(release, (k, zone, pfn) => k.zone_spans_pfn(zone, pfn));

const BAD_RANGE = '__free_one_page: page dumped because: VM_BUG_ON_PAGE(bad_range(zone, page))';

test.each(['v5.2', 'v5.3', 'v5.4', 'v5.7', 'v5.10'])(
  '%s: the seqlock does not help who remembers the first round (B68)',
  (release) => {
    expect(found(freeing(release), faults('bug'))).toEqual({ text: BAD_RANGE, preemptions: 2 });
  },
);

test('v5.10 with the reader of v6.12 has both halves', () => {
  expect(found(freeing('v5.10-B68'), anything)).toBe('proved');
});

test.each(['v6.1', 'v6.12', 'v7.2'])('%s: nobody takes the seqlock to write (B68)', (release) => {
  expect(found(freeing(release), faults('bug'))).toEqual({ text: BAD_RANGE, preemptions: 1 });
});

test('v7.2 with the writers of v5.10 is cured', () => {
  expect(found(freeing('v7.2-B68'), anything)).toBe('proved');
});

const spanned: Monitor = {
  name: 'spanned',
  end: (view) => says(view.threads[0]!.returned === true ? undefined : 'the zone does not span its own page'),
};

test.each(['v5.2', 'v5.3', 'v5.4', 'v5.7', 'v5.10', 'v6.1', 'v6.12', 'v7.2', 'v7.2-B68'])(
  '%s: who takes no lock sees a span that never was',
  (release) => {
    expect(found(spanning(release), spanned)).toEqual({
      text: 'the zone does not span its own page',
      preemptions: 1,
    });
  },
);

test('nothing is lost by leaving out orders', () => {
  for (const release of ['v5.10', 'v5.10-B68', 'v6.12']) {
    expect(found(freeing(release), anything, false)).toEqual(found(freeing(release), anything));
  }
});
