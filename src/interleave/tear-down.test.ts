import { expect, test } from 'vitest';
import { anything, bootedForSteps, first, mapLinear, verdictOf, well } from '../../test/interleave.ts';
import { ARM64, G } from '../../test/kit.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { tableMonitors } from '../monitors/mmu/index.ts';
import type { Steps } from '../steps/step.ts';
import { kernelProgram } from './kernel-program.ts';

const MACHINE = { ...ARM64, page_size: '4K', va_bits: 39, ram: [{ start: '1G', size: '1G' }] };
const MENDED = ['arm64-v6', 'v5.7', 'v5.10', 'v6.1', 'v6.12', 'v7.2'];

/** Maps `pages` pages of the linear map in a table of their own. */
function mapped(release: string, pages: number) {
  const model = bootedForSteps(release, MACHINE);
  const { c } = model.kernel;
  first(model, mapLinear(model.kernel, c.mappable_range.start + 4 * G, pages * c.PAGE_SIZE));
  return { model, va: c.PAGE_OFFSET + 4 * G, PAGE_SIZE: c.PAGE_SIZE };
}

/** The first of two pages is removed; the second is in use. */
function half(release: string) {
  const { model, va, PAGE_SIZE } = mapped(release, 2);
  const program = kernelProgram(`half a table on ${release}`, model, {
    *remover(k: Kernel): Steps<void> {
      yield* k.__remove_pgd_mapping(va, PAGE_SIZE);
    },
    *user(k: Kernel): Steps<void> {
      yield* k.$touch_kernel(va + PAGE_SIZE, true, 'user');
    },
  });
  return { program, model };
}

test.each([
  ['arm64-v6-B17', 'ffffffc100001000', 'pfn 0x40204'],
  ['v5.7-B17', 'ffffff8100001000', 'pfn 0x40205'],
])('%s: a table goes with a neighbour in it (B17)', (release, va, table) => {
  const { program, model } = half(release);
  expect(verdictOf(program, [anything])).toEqual({
    monitor: 'anything',
    text: `bug: user: Oops: paging request at ${va}`,
    preemptions: 0,
  });
  expect(verdictOf(program, [tableMonitors(model.kernel.c).free_tables])).toEqual({
    monitor: 'free-tables',
    text: `${table} is free and holds live entries`,
    preemptions: 0,
  });
});

test.each([...MENDED, 'arm64-v5'])('%s: it stays', (release) => {
  const { program, model } = half(release);
  expect(verdictOf(program, well(model))).toBe('proved');
});

/** All pages in a table are removed, and the tables with them. */
function whole(release: string) {
  const { model, va, PAGE_SIZE } = mapped(release, 1);
  const program = kernelProgram(`a table on ${release}`, model, {
    *remover(k: Kernel): Steps<void> {
      yield* k.__remove_pgd_mapping(va, PAGE_SIZE);
    },
  });
  return { program, model };
}

const WALKED = 'pfn 0x40204 is free and CPU 0,1 may walk it as the PTE table of ffffffc100000000';

test.each([
  ['arm64-v6-B24', 'walk-caches', WALKED],
  ['arm64-v6-B25a', 'walk-caches', WALKED],
  ['arm64-v6-B25b', 'walk-caches', WALKED],
  ['arm64-v5-B42', 'free-tables', 'pfn 0x40204 is free and linked as the PTE table of ffffffc100000000'],
])('%s: a table is free while CPUs still walk it (B24, B25, B42)', (release, monitor, text) => {
  const { program, model } = whole(release);
  expect(verdictOf(program, well(model))).toEqual({ monitor, text, preemptions: 0 });
});

test.each([...MENDED, 'arm64-v5'])('%s: nobody does', (release) => {
  const { program, model } = whole(release);
  expect(verdictOf(program, well(model))).toBe('proved');
});

/** A block of struct pages. */
function memmap(release: string) {
  const model = bootedForSteps(release, MACHINE);
  const { c } = model.kernel;
  const start = c.VMEMMAP_START + 2 ** 26;
  const end = start + c.PMD_SIZE;
  first(model, model.kernel.vmemmap_populate(start, end, 0, null));
  const program = kernelProgram(`memmap on ${release}`, model, {
    *remover(k: Kernel): Steps<void> {
      yield* k.vmemmap_free(start, end, null);
    },
  });
  return { program, model };
}

test.each(['arm64-v6-B25a', 'arm64-v6-B25b'])('%s: struct pages are free and in TLBs (B25)', (release) => {
  const { program, model } = memmap(release);
  expect(verdictOf(program, well(model))).toEqual({
    monitor: 'free-pages',
    text: 'pfn 0x41400 is free and CPU 0,1 may hold it at ffffffbf04000000 (PMD)',
    preemptions: 0,
  });
});

test('V5 frees them while they are mapped (B11)', () => {
  const { program, model } = memmap('arm64-v5');
  expect(verdictOf(program, well(model))).toEqual({
    monitor: 'free-pages',
    text: 'pfn 0x41400 is free and is mapped at ffffffbf04000000 (PMD)',
    preemptions: 0,
  });
});

test.each(MENDED)('%s: they are in none', (release) => {
  const { program, model } = memmap(release);
  expect(verdictOf(program, well(model))).toBe('proved');
});
