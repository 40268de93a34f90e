import { expect, test } from 'vitest';
import { stringify } from 'yaml';
import { bootedForSteps, faults, first, found } from '../../../test/interleave.ts';
import { ARM64, booted, G, M, type MachineObject, run } from '../../../test/kit.ts';
import { boot } from '../../boot/boot.ts';
import { ImpossibleMachine } from '../../errors/impossible-machine.ts';
import { customLayout, type Layout } from '../../geometry/layout.ts';
import { translation } from '../../geometry/translation.ts';
import { kernelProgram } from '../../interleave/kernel-program.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import { mem_hotplug_begin, mem_hotplug_done } from '../../kernel/locks.ts';
import { PTL } from '../../kernel/mm/memory/pgalloc.ts';
import { parseMachineFile } from '../../machines/machine-file/machine-file.ts';
import { deadlock, lockMisuse } from '../../schedule/monitors/index.ts';
import { Runner } from '../../schedule/runner.ts';
import type { Step, Steps } from '../../steps/step.ts';
import { findRelease } from '../index.ts';

const OPTIONS = ['option-1', 'option-2', 'option-3', 'option-4'] as const;
const SHAPES = [
  { page_size: '4K', va_bits: 48 },
  { page_size: '16K', va_bits: 36 },
  { page_size: '64K', va_bits: 48 },
] as const;

test.each(OPTIONS)('%s: vmalloc and hotplug, each for itself', (release) => {
  for (const shape of SHAPES) {
    const session = booted(release, { ...ARM64, ...shape });
    const { kernel, state } = session;
    const tables = (): number => {
      const { allocated, freed } = state.table_pages;
      const count = (by: object): number => Object.values(by).reduce((sum, n) => sum + n, 0);
      return count(allocated) - count(freed);
    };
    const kept: number[] = [];
    for (let round = 0; round < 2; round++) {
      const va = run(session, kernel.vmalloc(5 * kernel.c.PAGE_SIZE)).value!;
      expect(va).toBe(kernel.c.layout.VMALLOC_START);
      run(session, kernel.vfree(va));
      run(session, kernel.vm_unmap_aliases());
      expect(session.call(session.kernel.add_memory(0, 16 * G, G, 0))).toMatchObject({ ret: 0 });
      expect(session.call(session.kernel.remove_memory(16 * G, G))).toMatchObject({ ret: 0, events: [] });
      kept.push(tables());
    }
    expect(state.vmap_areas).toEqual([]);
    // vmalloc's tables stay; of the memmap's tables option 3 keeps those that did not exist for boot memory
    const memmap = release === 'option-3' && shape.page_size === '16K' ? 1 : 0;
    expect(kept).toEqual(Array(2).fill(state.mmu!.t.levels - 1 + memmap));
  }
});

/** All steps of a thread that runs alone. */
function steps_of(model: { state: object }, thread: Steps<unknown>): Step[] {
  const steps: Step[] = [];
  const watched = function* (): Steps<void> {
    for (let next = thread.next(); !next.done; ) {
      steps.push(next.value);
      next = thread.next(yield next.value);
    }
  };
  new Runner(model.state).run(watched());
  return steps;
}

test('option 1 takes no page under the lock, drops it for every table it lacks, and holds it for the leaves', () => {
  const model = bootedForSteps('option-1', ARM64);
  let held = 0;
  let taken = 0;
  for (const step of steps_of(model, model.kernel.vmalloc(2 * model.kernel.c.PAGE_SIZE))) {
    if (step.op === 'lock' && step.lock === PTL) taken++;
    if (step.op === 'lock' && step.lock === PTL) held++;
    if (step.op === 'unlock' && step.lock === PTL) held--;
    if (step.op === 'call' && step.operation.name === 'take_pages') expect(held).toBe(0);
    if (step.op === 'call' && step.operation.name === 'write_at') expect(held).toBe(1);
  }
  // PUD, PMD, PTE, and the walk that gets through
  expect(taken).toBe(4);
  expect(model.state.table_pages).toEqual({ allocated: { PUD: 1, PMD: 1, PTE: 1 }, freed: {} });
});

test('option 1 without memory for a table', () => {
  const session = booted('option-1', ARM64);
  session.state.vars.get(0)!.fail_alloc = { pgtable: 1 };
  expect(run(session, session.kernel.vmalloc(4096))).toMatchObject({ value: 0, ended: 'returned' });
  expect(run(session, session.kernel.vmalloc(4096)).value).not.toBe(0);
});

test('option 1: two who need the same table share one, and nobody sleeps under the lock', () => {
  const model = bootedForSteps('option-1', { ...ARM64, page_size: '16K', va_bits: 36 });
  const mapper = function* (k: Kernel): Steps<void> {
    yield* k.$touch_kernel(yield* k.vmalloc(k.c.PAGE_SIZE), true, 'mapper');
  };
  const program = kernelProgram('two', model, { one: mapper, two: mapper });
  for (const monitor of [lockMisuse, deadlock, faults('bug'), faults('use-after-free')])
    expect(found(program, monitor)).toBe('proved');
});

/** KASAN's notifier, page_ext and others call vmalloc() while memory goes online. */
function* inside(k: Kernel): Steps<number> {
  yield* mem_hotplug_begin();
  const va = yield* k.vmalloc(k.c.PAGE_SIZE);
  yield* mem_hotplug_done();
  return va;
}

test.each(OPTIONS)('%s: vmalloc() from inside a hotplug operation (B98)', (release) => {
  const session = booted(release, ARM64);
  const outcome = run(session, inside(session.kernel));
  expect(outcome.ended).toBe(release === 'option-2' ? 'deadlock' : 'returned');
  if (release === 'option-2') {
    expect(outcome.events).toEqual([
      {
        kind: 'lock',
        subjects: { what: 'held by itself', lock: 'mem_hotplug_lock' },
        text: 'waits for mem_hotplug_lock, which it holds itself',
      },
    ]);
  }
});

test('option 3 takes up again what it has kept', () => {
  const session = booted('option-3', { ...ARM64, page_size: '16K', va_bits: 36 });
  const memmap_tables = () => {
    const { allocated, freed } = session.state.table_pages;
    return (allocated.PTE ?? 0) - (freed.PTE ?? 0);
  };
  const found: number[] = [];
  for (let i = 0; i < 3; i++) {
    session.call(session.kernel.add_memory(0, 16 * G, G, 0));
    found.push(memmap_tables());
    session.call(session.kernel.remove_memory(16 * G, G));
    found.push(memmap_tables());
  }
  // 32 tables of the linear map are allocated and freed
  expect(found).toEqual([33, 1, 33, 1, 33, 1]);
});

const machine = (object: MachineObject) => parseMachineFile(stringify(object), 'machine');

test('option 4 cannot be built with 16K pages and 48 bits, where both are under one half of the root', () => {
  const refused = { ...ARM64, page_size: '16K', va_bits: 48 };
  expect(() => boot(machine(refused), findRelease('option-4')!)).toThrow(
    new ImpossibleMachine(
      'option-4: vmalloc and vmemmap share a PUD table (ffff000000000000-ffff800000000000) in layout v5.2',
    ),
  );
});

const T = translation('arm64', 16384, 36);
const LINEAR = { name: 'linear', start: -64 * G, end: -60 * G };
const SMALL = customLayout(T, [
  LINEAR,
  { name: 'vmemmap', start: -G, end: -G + 16 * M },
  { name: 'vmalloc', start: -G + 32 * M, end: -G + 64 * M },
]);

test.each<[string, MachineObject, Layout, string]>([
  [
    'memory that the linear map cannot hold',
    { ...ARM64, page_size: '16K', va_bits: 36, ram: [{ start: '1G', size: '5G' }] },
    SMALL,
    'RAM ends at 0x180000000: the linear map of layout custom holds 0x40000000-0x13fffffff',
  ],
  [
    'another shape',
    { ...ARM64, page_size: '16K', va_bits: 36 },
    customLayout(translation('arm64', 16384, 47), [
      { ...LINEAR, start: -128 * G, end: -124 * G },
      ...SMALL.regions.slice(1),
    ]),
    'v5.3: linear (ffffffe000000000-ffffffe100000000) is not canonical: kernel addresses of 36 bits start at fffffff000000000',
  ],
])('a layout that does not fit is refused: %s', (_, object, layout, message) => {
  expect(() => boot(machine(object), findRelease('v5.3')!, { layout })).toThrow(
    new ImpossibleMachine(message),
  );
});

test("a layout of one's own is the one that is used", () => {
  const { kernel, state } = boot(
    machine({ ...ARM64, page_size: '16K', va_bits: 36, ram: [{ start: '1G', size: '1G' }] }),
    findRelease('v5.10')!,
    { layout: SMALL },
  );
  expect(kernel.c).toMatchObject({
    PAGE_OFFSET: -64 * G,
    PAGE_END: -60 * G,
    VMEMMAP_START: -G,
    mappable_range: { start: G, end: 5 * G - 1 },
  });
  expect(first({ kernel, state, notes: [] }, kernel.vmalloc(16384))).toBe(-G + 32 * M);
});
