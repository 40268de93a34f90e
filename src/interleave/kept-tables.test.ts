import { expect, test } from 'vitest';
import { bootedForSteps, verdictOf, well } from '../../test/interleave.ts';
import { ARM64, M, type MachineObject } from '../../test/kit.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { mem_hotplug_begin, mem_hotplug_done } from '../kernel/locks.ts';
import { keptTables } from '../monitors/mmu/kept-tables.ts';
import type { Steps } from '../steps/step.ts';
import { kernelProgram } from './kernel-program.ts';

const RAM = { ram: [{ start: '1G', size: '1G' }] };
const PAGES: MachineObject = { ...ARM64, ...RAM, page_size: '16K', va_bits: 36 };
const BLOCKS: MachineObject = { ...ARM64, ...RAM, page_size: '4K', va_bits: 39 };

/** A slice of memmap is mapped and unmapped. */
function* round(k: Kernel, start: number, end: number): Steps<void> {
  yield* mem_hotplug_begin();
  yield* k.vmemmap_populate(start, end, 0, null);
  yield* k.vmemmap_free(start, end, null);
  yield* mem_hotplug_done();
}

/** Two slices, each twice, in tables of PTEs of their own; one thread waits for the other. */
function comingAndGoing(release: string, machine: MachineObject) {
  const model = bootedForSteps(release, machine);
  const { c } = model.kernel;
  const spans = [64 * M, 96 * M].map((offset) => {
    const start = c.VMEMMAP_START + offset;
    return { start, end: start + (c.PAGE_SHIFT === 12 ? c.PMD_SIZE : c.PAGE_SIZE) };
  });
  const twice = ({ start, end }: (typeof spans)[number]) =>
    function* (k: Kernel): Steps<void> {
      yield* round(k, start, end);
      yield* round(k, start, end);
    };
  const program = kernelProgram(release, model, { one: twice(spans[0]!), two: twice(spans[1]!) });
  return { program, model, monitor: keptTables(model.state, c, spans) };
}

test.each(['arm64-v6', 'v5.7', 'v6.1', 'v6.12', 'v7.2'])(
  '%s: tables that are kept are taken up again (B37)',
  (release) => {
    for (const machine of [PAGES, BLOCKS]) {
      const { program, monitor, model } = comingAndGoing(release, machine);
      expect(verdictOf(program, [monitor, ...well(model)])).toBe('proved');
    }
  },
);

test('tables that are kept and lost become more and more (B37)', () => {
  const { program, monitor } = comingAndGoing('arm64-v6-B37', PAGES);
  expect(verdictOf(program, [monitor])).toEqual({
    monitor: 'kept-tables',
    text: '3 PTE tables are taken, 2 are enough',
    preemptions: 0,
  });
});
