import { expect, test } from 'vitest';
import { anything, bootedForSteps, faults, first, found } from '../../test/interleave.ts';
import { ARM64 } from '../../test/kit.ts';
import type { Kernel } from '../kernel/kernel.ts';
import type { Steps } from '../steps/step.ts';
import { kernelProgram } from './kernel-program.ts';

const MACHINE = { ...ARM64, page_size: '4K', va_bits: 39, ram: [{ start: '1G', size: '1G' }] };

/** A block of struct pages is removed while another thread clears its entry. No kernel has such a thread yet. */
function twoOfThem(release: string) {
  const model = bootedForSteps(release, MACHINE);
  const { c } = model.kernel;
  const start = c.VMEMMAP_START + 2 ** 26;
  const end = start + c.PMD_SIZE;
  first(model, model.kernel.vmemmap_populate(start, end, 0, null));
  return kernelProgram(`two unmap a block on ${release}`, model, {
    *remover(k: Kernel): Steps<void> {
      yield* k.vmemmap_free(start, end, null);
    },
    *unmapper(k: Kernel): Steps<void> {
      yield* k.vunmap_page_range(start, end);
    },
  });
}

test('an entry that is read for every test is a block in one and nothing in the next (B18)', () => {
  const program = twoOfThem('arm64-v6-B18');
  expect(found(program, faults('warn'))).toEqual({
    text: 'WARNING in unmap_hotplug_pmd_range()',
    preemptions: 1,
  });
  expect(found(program, faults('wild-access'))).toEqual({
    text: 'read of a page table entry in pfn 0x0, which is not memory',
    preemptions: 1,
  });
});

test.each(['arm64-v6', 'v5.7', 'v5.10', 'v6.1', 'v6.12', 'v7.2'])(
  '%s decides and acts on one value',
  (release) => {
    expect(found(twoOfThem(release), anything)).toBe('proved');
  },
);
