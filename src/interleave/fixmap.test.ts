import { expect, test } from 'vitest';
import { bootedForSteps, faults, found, mapLinear, says, verdictOf, well } from '../../test/interleave.ts';
import { ARM64, G } from '../../test/kit.ts';
import { isMapped } from '../hardware/walks/walk.ts';
import type { Kernel } from '../kernel/kernel.ts';
import type { Monitor } from '../schedule/monitors/monitor.ts';
import type { Steps } from '../steps/step.ts';
import type { KernelWorld } from './kernel-machine.ts';
import { kernelProgram } from './kernel-program.ts';

const MACHINE = { ...ARM64, page_size: '16K', va_bits: 36, ram: [{ start: '1G', size: '1G' }] };

/** Two threads that each map a page, in tables of their own, through the same fixmap slots. */
function twoMappers(release: string) {
  const model = bootedForSteps(release, MACHINE);
  const { c } = model.kernel;
  const mapper = (at: number) =>
    function* (k: Kernel): Steps<void> {
      yield* mapLinear(k, c.mappable_range.start + at, c.PAGE_SIZE);
    };
  const program = kernelProgram(`two map on ${release}`, model, { one: mapper(4 * G), two: mapper(5 * G) });
  const lost: Monitor = {
    name: 'lost',
    end(view) {
      if (view.threads.some((t) => t.status === 'crashed')) return undefined;
      const { mmu } = view.world<KernelWorld>().state;
      const gone = [4, 5].filter((at) => !isMapped(mmu!, c.PAGE_OFFSET + at * G));
      return says(gone.length > 0 ? `the mapping at ${gone.join(' and ')} G` : undefined);
    },
  };
  return { program, model, lost };
}

test.each(['arm64-v6', 'v5.7'])('%s: one writes where the slot of the other leads (B39)', (release) => {
  const { program, lost } = twoMappers(release);
  expect(found(program, faults('wild-access'))).toEqual({
    text: 'read of a page table entry in pfn 0x0, which is not memory',
    preemptions: 1,
  });
  expect(found(program, lost)).toMatchObject({ text: 'the mapping at 4 G' });
});

test.each(['v5.10', 'v6.1', 'v6.12', 'v7.2'])('%s: one after the other', (release) => {
  const { program, model, lost } = twoMappers(release);
  expect(verdictOf(program, [...well(model), lost])).toBe('proved');
});
