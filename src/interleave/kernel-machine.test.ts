import { expect, test } from 'vitest';
import { bootedForSteps } from '../../test/interleave.ts';
import { ARM64, booted, G, M, type MachineObject, X86 } from '../../test/kit.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { MEMBLOCK_NOMAP } from '../kernel/mm/memblock/memblock.ts';
import type { KernelOperation } from '../kernel/operation.ts';
import type { State } from '../kernel/state.ts';
import { Runner } from '../schedule/runner.ts';
import type { Step, Steps } from '../steps/step.ts';
import { copyState, type Part } from './copy.ts';
import { encodePart, encodeState } from './encode.ts';
import { KernelMachine } from './kernel-machine.ts';
import { kernelProgram, NotInterleavable } from './kernel-program.ts';
import { touches } from './touches.ts';

const MACHINES: readonly [string, MachineObject][] = [
  ['v5.2', ARM64],
  ['arm64-v5', { ...ARM64, page_size: '16K', va_bits: 36 }],
  ['v5.10', { ...ARM64, page_size: '64K', va_bits: 48 }],
  ['v7.2', ARM64],
  ['v6.1', X86],
];

/** Adds, uses and, where the release can, removes a gigabyte. */
function* life({ kernel: k, at }: { kernel: Kernel; at: number }): Steps<void> {
  yield* k.add_memory(0, at, G, 0);
  if (k.c.arch === 'arm64') {
    const va = yield* k.vmalloc(3 * k.c.PAGE_SIZE);
    if (k.release !== 'v5.2') yield* k.$touch_kernel(va, true, 'life');
    yield* k.vfree(va);
    yield* k.vm_unmap_aliases();
  }
  if (k.release !== 'v5.2') yield* k.remove_memory(at, G);
}

test.each(MACHINES)("a copy is equal and is nobody else's: %s", (release, machine) => {
  const { kernel, state } = booted(release, machine);
  const before = encodeState(state);
  const twin = copyState(state);
  expect(encodeState(twin)).toBe(before);
  expect(new Runner(twin).run(life({ kernel, at: 8 * G })).ended).toBe('returned');
  expect(encodeState(twin)).not.toBe(before);
  expect(encodeState(state)).toBe(before);
  new Runner(state).run(life({ kernel, at: 8 * G }));
  expect(encodeState(state)).toBe(encodeState(twin));
});

/** The text of each part of the state. */
const parts = (state: State): Map<Part, string> =>
  new Map((Object.keys(state) as Part[]).map((part) => [part, encodePart(part, state[part])]));

/** Runs the thread, and collects what every call has changed. */
function called(state: State, thread: Steps<unknown>): Set<string> {
  const wrong = new Set<string>();
  const runner = new Runner(state);
  const watched = function* (): Steps<void> {
    let next = thread.next();
    while (!next.done) {
      const step: Step = next.value;
      if (step.op !== 'call') {
        next = thread.next(yield step);
        continue;
      }
      const before = parts(state);
      const { name: fn, obj, changes } = step.operation as KernelOperation;
      const value = step.operation.run(state, ...step.args);
      for (const [name, text] of parts(state)) {
        if (text === before.get(name)) continue;
        if (!changes.includes(name)) wrong.add(`${obj} ${fn}: ${name}`);
      }
      next = thread.next(value);
    }
  };
  runner.run(watched());
  return wrong;
}

test.each(MACHINES)('a call changes what it says, and nothing if it only looks: %s', (release, machine) => {
  const { kernel, state } = booted(release, machine);
  expect([...called(state, life({ kernel, at: 8 * G }))]).toEqual([]);
});

test('nor does memblock, slot by slot', () => {
  const { kernel: k, state } = bootedForSteps('v5.2', ARM64, { init_memblock_regions: 1 });
  const thread = function* (): Steps<void> {
    for (const at of [4, 6, 8]) yield* k.memblock_add_node(at * G, G, 0, MEMBLOCK_NOMAP);
    yield* k.memblock_clear_nomap(6 * G, G);
    yield* k.memblock_remove(2 * G, 5 * G);
    yield* k.memblock_is_map_memory(G);
  };
  const before = encodeState(state);
  expect([...called(state, thread())]).toEqual([]);
  expect(encodeState(state)).not.toBe(before);
});

test('threads run on CPUs of their own, and a kernel that takes many entries at once is refused', () => {
  const nothing = function* (): Steps<void> {};
  const model = bootedForSteps('v5.2', ARM64);
  const three = { a: nothing, b: nothing, c: nothing };
  expect(() => kernelProgram('three', model, three)).toThrow(
    new NotInterleavable('three', '3 threads and 2 CPUs'),
  );
  expect(() => kernelProgram('fast', booted('v5.2', ARM64), { a: nothing })).toThrow(
    new NotInterleavable('fast', 'boot the kernel with explored: true'),
  );
});

test('a world is copied when it is written to, and not before', () => {
  const { kernel, state } = bootedForSteps('v5.2', ARM64);
  const machine = new KernelMachine(kernel.c, state);
  const world = machine.initial();
  const twin = machine.copy(world);
  expect(twin.state).toBe(world.state);
  const text = machine.encode(world);
  machine.perform(twin, 0, { op: 'write', obj: 'vars', key: 0, field: 'max_pfn', value: 1 });
  expect(twin.state).not.toBe(world.state);
  expect(machine.encode(world)).toBe(text);
  expect(machine.encode(twin)).not.toBe(text);
});

test('entries of a table are told apart by where they are', () => {
  const { kernel } = bootedForSteps('v5.2', ARM64);
  const step = kernel.pud_offset(0x4000_0208, -M).next().value as Step;
  expect(touches(step)).toEqual([
    { name: 'any pages', write: false },
    { name: 'any entry', write: false },
    { name: 'entries 40000200', write: false },
  ]);
  const write = kernel.set_pte(0x4000_0208, { addr: 0, attr: 0 }).next().value as Step;
  expect(touches(write)).toEqual([
    { name: 'any pages', write: false },
    { name: 'any entry', write: false },
    { name: 'some entry', write: true },
    { name: 'entries 40000200', write: true },
  ]);
});
