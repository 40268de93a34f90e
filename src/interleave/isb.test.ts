import { expect, test } from 'vitest';
import { replaced } from '../../test/huge-vmap.ts';
import { anything, bootedForSteps, found, verdictOf, well } from '../../test/interleave.ts';
import { ARM64 } from '../../test/kit.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { flightMonitor } from '../monitors/mmu/index.ts';
import type { Steps } from '../steps/step.ts';

import { kernelProgram } from './kernel-program.ts';

const MACHINE = { ...ARM64, page_size: '16K', va_bits: 36, ram: [{ start: '1G', size: '1G' }] };

test.each(['v5.2', 'v5.3', 'arm64-v6', 'arm64-v5'])(
  '%s: a table is free before its CPU has fetched anew (B22)',
  (release) => {
    const { program, model } = replaced(release, MACHINE);
    expect(verdictOf(program, [flightMonitor(model.kernel.c)])).toEqual({
      monitor: 'in-flight',
      text: 'pfn 0x10122 is free and instructions in flight on CPU 0 may use it as the PTE table of fffffff010000000',
      preemptions: 0,
    });
    // no TLB and no walk cache has it
    expect(verdictOf(program, well(model))).toBe('proved');
  },
);

test.each(['v5.4', 'v5.7', 'v5.10', 'v6.1', 'v6.12', 'v7.2'])('%s: not before', (release) => {
  const { program, model } = replaced(release, MACHINE);
  expect(verdictOf(program, [flightMonitor(model.kernel.c), ...well(model)])).toBe('proved');
});

function* mapper(k: Kernel): Steps<void> {
  const va = yield* k.vmalloc(k.c.PAGE_SIZE);
  yield* k.$touch_kernel(va, true, 'mapper');
}

test('v5.2 faults on what it has just mapped (B23)', () => {
  const program = kernelProgram('one', bootedForSteps('v5.2', MACHINE), { mapper });
  expect(found(program, anything)).toEqual({
    text: 'bug: mapper: Oops: paging request at fffffff010000000',
    preemptions: 0,
  });
});

/**
 * The second of two mappers may have seen the table that the first has linked, but it is not known to have waited for
 * it.
 */
test.each(['v5.3', 'v5.4', 'arm64-v6', 'v5.7', 'v6.1', 'v6.12', 'v7.2'])('%s: nobody does', (release) => {
  const program = kernelProgram('two', bootedForSteps(release, MACHINE), { one: mapper, two: mapper });
  expect(found(program, anything)).toBe('proved');
});
