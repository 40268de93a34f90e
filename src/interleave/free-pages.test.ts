import { expect, test } from 'vitest';
import { bootedForSteps, faults, first, found, verdictOf, well } from '../../test/interleave.ts';
import { ARM64, G } from '../../test/kit.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { PageReserved } from '../kernel/mm/page.ts';
import { tableMonitors } from '../monitors/mmu/index.ts';
import type { Steps } from '../steps/step.ts';
import { kernelProgram } from './kernel-program.ts';

const MACHINE = { ...ARM64, page_size: '16K', va_bits: 36, ram: [{ start: '1G', size: '1G' }] };

test('two who remove one page without the lock free its table twice', () => {
  const model = bootedForSteps('arm64-v6', MACHINE);
  const { c } = model.kernel;
  const va = c.VMEMMAP_START + 2 ** 26;
  first(model, model.kernel.vmemmap_populate(va, va + c.PAGE_SIZE, 0, null));
  const remover = function* (k: Kernel): Steps<void> {
    yield* k.vmemmap_free(va, va + c.PAGE_SIZE, null);
  };
  const program = kernelProgram('twice', model, { one: remover, two: remover });
  expect(found(program, faults('double-free'))).toEqual({
    text: 'pfn 0x10123 is freed twice',
    preemptions: 1,
  });
});

test('pages that are not the allocator’s', () => {
  const model = bootedForSteps('arm64-v6', MACHINE);
  const reserved = model.state.pages.first(0, G, PageReserved);
  const freeing = (pfn: number) =>
    kernelProgram('free', model, {
      *freer(k: Kernel): Steps<void> {
        yield* k.free_pages(pfn, 1);
      },
    });
  expect(found(freeing(0), faults('wild-access'))).toMatchObject({
    text: 'pfn 0x0, which is not memory, is freed',
  });
  expect(reserved).toBeGreaterThan(0);
  expect(found(freeing(reserved), faults('bug'))).toMatchObject({
    text: `pfn 0x${reserved.toString(16)}, which is memblock's, is freed`,
  });
});

/** vmalloc's lazy window: pages are free while TLBs still hold them; their addresses are not reused yet. */
function freed(name: string, andThen: (k: Kernel, va: number) => Steps<void>) {
  const model = bootedForSteps('v5.4', MACHINE);
  const va = first(model, model.kernel.vmalloc(model.kernel.c.PAGE_SIZE));
  const program = kernelProgram(name, model, {
    *owner(k: Kernel): Steps<void> {
      yield* k.vfree(va);
      yield* andThen(k, va);
    },
  });
  return { program, model };
}

test('what vfree() leaves in the TLBs is not an alias of a free page as long as nobody is given the address', () => {
  const { program, model } = freed('lazy', (k) => k.vm_unmap_aliases());
  expect(verdictOf(program, well(model))).toBe('proved');
});

test('it is one when the address comes back without a flush', () => {
  const { program, model } = freed('early', (k, va) => k.__free_vmap_area(va));
  expect(verdictOf(program, [tableMonitors(model.kernel.c).free_pages])).toEqual({
    monitor: 'free-pages',
    text: 'pfn 0x10123 is free and CPU 0,1 may hold it at fffffff810000000 (PTE)',
    preemptions: 0,
  });
});
