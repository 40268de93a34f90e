import { expect, test } from 'vitest';
import { anything, bootedForSteps, first, found, says } from '../../test/interleave.ts';
import { ARM64 } from '../../test/kit.ts';
import type { Model } from '../boot/boot.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { checkTables } from '../monitors/hotplug/tables.ts';
import type { Monitor } from '../schedule/monitors/monitor.ts';
import type { Program } from '../schedule/program/program.ts';
import type { View } from '../schedule/semantics/view.ts';
import type { Steps } from '../steps/step.ts';
import type { KernelWorld } from './kernel-machine.ts';
import { kernelProgram } from './kernel-program.ts';

const SMALL = { ...ARM64, page_size: '16K', va_bits: 36, ram: [{ start: '1G', size: '1G' }] };
const DEEP = { ...SMALL, page_size: '4K', va_bits: 39 };

/** A monitor: nothing fails on the way, and `well` finds nothing wrong at the end. */
const ends = (well: (view: View) => readonly string[]): Monitor => ({
  ...anything,
  end: (view) => says(well(view).join('; ')),
});

const stateOf = (view: View) => view.world<KernelWorld>().state;

/** The number of tables of this level in use. */
function tables(view: View, level: 'PUD' | 'PMD' | 'PTE'): number {
  const { allocated, freed } = stateOf(view).table_pages;
  return (allocated[level] ?? 0) - (freed[level] ?? 0);
}

function* mapper(k: Kernel): Steps<number> {
  const va = yield* k.vmalloc(k.c.PAGE_SIZE);
  yield* k.$touch_kernel(va, true, 'mapper');
  return va;
}

function twoMappers(release: string, machine: object): { program: Program; model: Model } {
  const model = bootedForSteps(release, { ...machine });
  return { model, program: kernelProgram('two mappers', model, { one: mapper, two: mapper }) };
}

test.each([
  ['v5.4', SMALL],
  ['v5.4', DEEP],
])('two who need the same tables: one is installed, the other given back (%s)', (release, machine) => {
  const { program, model } = twoMappers(release, machine);
  const levels = (['PUD', 'PMD', 'PTE'] as const).filter((level) => model.kernel.c.t.name.includes(level));
  const monitor = ends((view) => [
    ...checkTables(stateOf(view), model.kernel.c).map(({ text }) => text),
    ...levels
      .filter((level) => tables(view, level) !== 1)
      .map((level) => `${tables(view, level)} ${level} tables`),
    ...(new Set(view.threads.filter((t) => !t.daemon).map((t) => t.returned)).size === 2
      ? []
      : ['the same address twice']),
  ]);
  expect(found(program, monitor)).toBe('proved');
});

test('an address that was given back is given out again only after the flush', () => {
  const model = bootedForSteps('v5.3', SMALL);
  const { kernel } = model;
  const va = first(model, kernel.vmalloc(kernel.c.PAGE_SIZE));
  const program = kernelProgram('reuse', model, {
    *purger(k: Kernel): Steps<void> {
      yield* k.vfree(va);
      yield* k.vm_unmap_aliases();
    },
    mapper,
  });
  // a new translation of an address of which a CPU may hold another would break the architecture's rules
  const monitor = ends((view) => stateOf(view).mmu!.violations.map(({ rule }) => rule));
  expect(found(program, monitor)).toBe('proved');
  const again: Monitor = {
    name: 'again',
    end: (view) => says(view.threads[1]!.returned === va ? 'the same address' : undefined),
  };
  expect(found(program, again)).toMatchObject({ text: 'the same address' });
});

test('purges one at a time, and nobody waits who need not', () => {
  const model = bootedForSteps('v5.3', SMALL);
  const { kernel } = model;
  const [a, b] = [kernel.vmalloc(kernel.c.PAGE_SIZE), kernel.vmalloc(kernel.c.PAGE_SIZE)].map((thread) =>
    first(model, thread),
  );
  const freeing = (va: number) =>
    function* (k: Kernel): Steps<void> {
      yield* k.vfree(va);
      yield* k.try_purge_vmap_area_lazy();
    };
  const program = kernelProgram('purge', model, { one: freeing(a!), two: freeing(b!) });
  const left = (view: View): number => stateOf(view).vmap_lazy_nr;
  expect(
    found(
      program,
      ends((view) => ([0, 2].includes(left(view)) ? [] : [`${left(view)} left`])),
    ),
  ).toBe('proved');
  // a thread that comes while another purges returns, and leaves its own areas unpurged
  expect(
    found(
      program,
      ends((view) => (left(view) === 0 ? [] : [`${left(view)} left`])),
    ),
  ).toMatchObject({
    text: '2 left',
  });
});
