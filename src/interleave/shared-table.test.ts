import { expect, test } from 'vitest';
import { anything, bootedForSteps, faults, first, found } from '../../test/interleave.ts';
import { ARM64, G, K, M } from '../../test/kit.ts';
import type { Model } from '../boot/boot.ts';
import { ImpossibleMachine } from '../errors/impossible-machine.ts';
import { customLayout } from '../geometry/layout.ts';
import { sharedTables } from '../geometry/shared-tables.ts';
import { translation } from '../geometry/translation.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { mem_hotplug_begin, mem_hotplug_done } from '../kernel/locks.ts';
import { bugs } from '../schedule/monitors/index.ts';
import type { Program } from '../schedule/program/program.ts';
import type { Steps } from '../steps/step.ts';
import { kernelProgram } from './kernel-program.ts';

const PAGE = 16 * K;
const T = translation('arm64', PAGE, 36);

/** The address from which one table of PTEs holds both struct pages and, 12M further on, vmalloc. */
const SHARED = -G;

const LAYOUT = customLayout(T, [
  { name: 'linear', start: -64 * G, end: -60 * G },
  // the struct pages of boot memory (1G) lie in the table before
  { name: 'vmemmap', start: SHARED - 4 * M, end: SHARED + 12 * M },
  { name: 'vmalloc', start: SHARED + 12 * M, end: SHARED + 28 * M },
]);

/** A kernel with one page of struct pages in the shared table, as if that were a whole section. */
function booted(release: string, layout = LAYOUT): Model {
  const machine = { ...ARM64, page_size: '16K', va_bits: 36, ram: [{ start: '1G', size: '1G' }] };
  const model = bootedForSteps(release, machine, { layout });
  first(model, model.kernel.vmemmap_populate(SHARED, SHARED + PAGE, 0, null));
  return model;
}

/** The part of a hotplug operation that concerns the tables of struct pages. */
function* remover(k: Kernel): Steps<void> {
  yield* mem_hotplug_begin();
  yield* k.vmemmap_free(SHARED, SHARED + PAGE, null);
  yield* mem_hotplug_done();
}

/** vmalloc() and a first use. */
function* mapper(k: Kernel): Steps<void> {
  const va = yield* k.vmalloc(PAGE);
  if (va !== 0) yield* k.$touch_kernel(va, true, 'mapper');
}

const mapping = (release: string): Program =>
  kernelProgram(`vmalloc and removal on ${release}`, booted(release), { mapper, remover });

test('the layout shares a table of PTEs', () => {
  const shared = sharedTables(T, LAYOUT);
  expect(shared).toMatchObject([{ below: 'vmemmap', above: 'vmalloc', level: 'PTE', start: SHARED }]);
});

test('V5 frees the table that vmalloc is about to write to (B14)', () => {
  const table = 'pfn 0x10122';
  expect(found(mapping('arm64-v5'), faults('use-after-free'))).toEqual({
    text: `read of a page table entry in ${table}, which is free`,
    preemptions: 1,
  });
});

test('V5 clears the entry that vmalloc reads for the second time (B15)', () => {
  expect(found(mapping('arm64-v5'), faults('wild-access'))).toEqual({
    text: 'read of a page table entry in pfn 0x0, which is not memory',
    preemptions: 1,
  });
});

test('V5 takes a table for empty into which vmalloc is writing (B16)', () => {
  expect(found(mapping('arm64-v5'), bugs)).toEqual({
    text: 'mapper: Oops: paging request at ffffffffc0c00000',
    preemptions: 2,
  });
});

const MENDED = ['arm64-v6', 'v5.7', 'v5.10', 'v6.1', 'option-1', 'option-2', 'option-3'];

test.each(MENDED)('%s does not', (release) => {
  expect(found(mapping(release), anything)).toBe('proved');
});

/** An area of one page and its guard page, allocated by vmalloc before the threads begin. */
function unmapping(release: string): Program {
  const model = booted(release);
  const va = first(model, model.kernel.vmalloc(PAGE));
  return kernelProgram(`vfree and removal on ${release}`, model, {
    *unmapper(k: Kernel): Steps<void> {
      yield* k.vfree(va);
    },
    remover,
  });
}

test('V5 frees the table in which vfree() still has a guard page to clear', () => {
  expect(found(unmapping('arm64-v5'), anything)).toEqual({
    text: 'use-after-free: write of a page table entry in pfn 0x10122, which is free',
    preemptions: 1,
  });
});

test.each(MENDED)('%s lets vfree() finish', (release) => {
  expect(found(unmapping(release), anything)).toBe('proved');
});

test('a layout without a shared table makes no difference to vmalloc, and option-4 wants one', () => {
  const regions = LAYOUT.regions.map((region) =>
    region.name === 'vmalloc' ? { ...region, start: SHARED + 32 * M, end: SHARED + 48 * M } : region,
  );
  const apart = customLayout(T, regions, 'apart');
  const program = kernelProgram('option-4', booted('option-4', apart), { mapper, remover });
  expect(found(program, anything)).toBe('proved');
  expect(() => booted('option-4')).toThrow(
    new ImpossibleMachine(
      'option-4: vmemmap and vmalloc share a PTE table (ffffffffc0000000-ffffffffc2000000) in layout custom',
    ),
  );
});

test('nothing is lost by leaving out orders', () => {
  for (const release of ['arm64-v5', 'v5.7', 'option-1', 'option-3']) {
    for (const monitor of [bugs, faults('use-after-free')]) {
      const program = mapping(release);
      expect(found(program, monitor, false)).toEqual(found(program, monitor));
    }
  }
});
