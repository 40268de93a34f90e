import { expect, test } from 'vitest';
import { anything, bootedForSteps, faults, first, found, mapLinear, says } from '../../test/interleave.ts';
import { ARM64, G, K, M } from '../../test/kit.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { mem_hotplug_begin, mem_hotplug_done } from '../kernel/locks.ts';
import { VM } from '../kernel/state.ts';
import type { Monitor } from '../schedule/monitors/monitor.ts';
import type { Program } from '../schedule/program/program.ts';
import type { Steps } from '../steps/step.ts';
import { kernelProgram } from './kernel-program.ts';

const PAGE = 16 * K;
const MACHINE = { ...ARM64, page_size: '16K', va_bits: 36, ram: [{ start: '1G', size: '1G' }] };

/** A page of the linear map that is alone in its table is removed while another thread walks the table. */
function walking(release: string, how: 'ptdump_show' | 'ptdump_check_wx'): Program {
  const model = bootedForSteps(release, MACHINE);
  const va = model.kernel.c.PAGE_OFFSET + 4 * G;
  const { start } = model.kernel.c.mappable_range;
  first(model, mapLinear(model.kernel, start + 4 * G, PAGE));
  return kernelProgram(`${how} and removal on ${release}`, model, {
    *walker(k: Kernel): Steps<void> {
      yield* k[how](va, va + PAGE);
    },
    *remover(k: Kernel): Steps<void> {
      yield* mem_hotplug_begin();
      yield* k.__remove_pgd_mapping(va, PAGE);
      yield* mem_hotplug_done();
    },
  });
}

const FREED = {
  text: expect.stringMatching(/^read of a page table entry in pfn 0x[0-9a-f]+, which is free$/),
  preemptions: 1,
};
/** The walk reads the entry of a table twice: to see what it is, and for the table's address. */
const CLEARED = { text: 'read of a page table entry in pfn 0x0, which is not memory', preemptions: 1 };

test.each(['arm64-v6', 'arm64-v5', 'v5.7', 'v5.10'])(
  '%s: kernel_page_tables keeps hotplug away',
  (release) => {
    expect(found(walking(release, 'ptdump_show'), anything)).toBe('proved');
  },
);

/** kernel_page_tables would do the same without the second patch of V6 (B19). */
test.each(['arm64-v6', 'arm64-v5', 'v5.7', 'v5.10'])('%s: the check for W+X does not (B20)', (release) => {
  expect(found(walking(release, 'ptdump_check_wx'), faults('use-after-free'))).toMatchObject(FREED);
  expect(found(walking(release, 'ptdump_check_wx'), faults('wild-access'))).toEqual(CLEARED);
});

test.each(['v6.1', 'v6.12', 'v7.2'])('%s: both do', (release) => {
  expect(found(walking(release, 'ptdump_show'), anything)).toBe('proved');
  expect(found(walking(release, 'ptdump_check_wx'), anything)).toBe('proved');
});

/** A leaf is cleared under the walk, and no table is freed: what the dump shows may be gone, and that is all. */
function stale(): Program {
  const model = bootedForSteps('arm64-v6-B19', MACHINE);
  const va = model.kernel.c.PAGE_OFFSET + 4 * G;
  const { start } = model.kernel.c.mappable_range;
  first(model, mapLinear(model.kernel, start + 4 * G, PAGE));
  return kernelProgram('ptdump_show and unmap_hotplug_range', model, {
    *walker(k: Kernel): Steps<number> {
      return (yield* k.ptdump_show(va, va + PAGE)).length;
    },
    *remover(k: Kernel): Steps<void> {
      yield* k.unmap_hotplug_range(va, va + PAGE, false, null);
    },
  });
}

test('a stale leaf does no harm: without the lock the dump may show one that is gone', () => {
  const shown: Monitor = {
    name: 'stale',
    end: ({ threads }) =>
      says(threads.find(({ name }) => name === 'walker')!.returned === 0 ? undefined : 'a leaf that is gone'),
  };
  expect(found(stale(), anything)).toBe('proved');
  expect(found(stale(), shown)).toEqual({ text: 'a leaf that is gone', preemptions: 0 });
});

/** A block replaces an empty table in the vmalloc region while another thread walks it (B21). */
function replacing(release: string, ptdumpDebugfs: boolean): Program {
  const model = bootedForSteps(release, MACHINE, { ptdump_debugfs: ptdumpDebugfs });
  const { kernel } = model;
  const { VMALLOC_START, VMALLOC_END } = kernel.c.layout;
  const size = 32 * M;
  const area = first(model, kernel.__get_vm_area_node(size, size, VM.IOREMAP, VMALLOC_START, VMALLOC_END))!;
  first(model, kernel.ioremap_page_range(area, area + PAGE, 256 * G, kernel.c.pgprot.PAGE_KERNEL));
  first(model, kernel.vunmap_page_range(area, area + PAGE));
  first(model, kernel._vm_unmap_aliases(area, area + PAGE, true));
  return kernelProgram(`ioremap and ptdump on ${release}`, model, {
    *walker(k: Kernel): Steps<void> {
      yield* k.ptdump_show(area, area + PAGE);
    },
    *mapper(k: Kernel): Steps<void> {
      const pmdp = yield* k.pgd_offset_k(area);
      yield* k.ioremap_try_huge_pmd(pmdp, area, area + size, 256 * G, k.c.pgprot.PAGE_KERNEL);
    },
  });
}

test.each(['v5.2', 'v5.7'])(
  '%s: a huge vmap frees a table under ptdump, were both built (B21)',
  (release) => {
    expect(found(replacing(release, false), faults('use-after-free'))).toMatchObject(FREED);
  },
);

test.each(['v5.2', 'v5.7', 'v6.12'])('%s: with kernel_page_tables there are no huge vmaps', (release) => {
  expect(found(replacing(release, true), anything)).toBe('proved');
});

test('v7.2: with kernel_page_tables too, and no block while it walks', () => {
  expect(found(replacing('v7.2', true), anything)).toBe('proved');
});

test('v6.12, v7.2: without kernel_page_tables the lock keeps other walks of ptdump away', () => {
  for (const release of ['v6.12', 'v7.2']) expect(found(replacing(release, false), anything)).toBe('proved');
  expect(found(replacing('v6.1', false), faults('use-after-free'))).toMatchObject(FREED);
});

/** The explorer may reorder steps that touch nothing in common according to the machine. */
test('nothing is lost by leaving out orders', () => {
  for (const monitor of [anything, faults('use-after-free'), faults('wild-access')]) {
    for (const release of ['v5.2', 'v7.2']) {
      for (const ptdumpDebugfs of [true, false]) {
        const program = replacing(release, ptdumpDebugfs);
        expect(found(program, monitor, false)).toEqual(found(program, monitor));
      }
    }
  }
});
