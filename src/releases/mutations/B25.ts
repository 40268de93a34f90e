import type { TlbiOp } from '../../hardware/tlb/tlbi.ts';
import { DSB, ISB } from '../../kernel/arch/arm64/include/asm/barrier.ts';
import * as free_hotplug from '../../kernel/arch/arm64/mm/mmu/free_hotplug.ts';
import type { Kernel, vmem_altmap } from '../../kernel/kernel.ts';
import { mmu_steps } from '../../kernel/mmu.ts';
import { change } from '../../kernel/ops.ts';
import type { Steps } from '../../steps/step.ts';
import { defineRelease, type Functions } from '../define.ts';
import { arm64_v6 } from '../series/arm64-v6.ts';

/** B25: the flush of asm/tlbflush.h with its instructions in another order. */

/** Both helpers of tlbflush.h, made of one sequence; how long the range is makes no difference here. */
const flushing = (sequence: (op: TlbiOp) => Steps<void>): Functions => ({
  *flush_tlb_kernel_range(this: Kernel, start: number, end: number): Steps<void> {
    const pages = Math.ceil((end - start) / this.c.PAGE_SIZE);
    yield* sequence({ by: 'va', va: start, pages, last_level: true, broadcast: true });
  },
  *__flush_tlb_kernel_pgtable(this: Kernel, addr: number): Steps<void> {
    yield* sequence({ by: 'va', va: addr, pages: 1, last_level: false, broadcast: true });
  },
});

export const B25a_mutant = defineRelease({
  name: 'arm64-v6-B25a',
  base: arm64_v6,
  about: 'V6 with the TLBI before DSB ISHST',
  arch: {
    arm64: flushing(function* (op): Steps<void> {
      yield* change(mmu_steps.issue, op);
      yield* DSB('ishst');
      yield* DSB('ish');
      yield* ISB();
    }),
  },
});

function* complete(): Steps<void> {
  yield* DSB('ish');
  yield* ISB();
}

export const B25b_mutant = defineRelease({
  name: 'arm64-v6-B25b',
  base: arm64_v6,
  about: 'V6 with DSB ISH behind the free in place of behind the TLBI',
  arch: {
    arm64: {
      ...flushing(function* (op): Steps<void> {
        yield* DSB('ishst');
        yield* change(mmu_steps.issue, op);
      }),
      *free_hotplug_page_range(
        this: Kernel,
        phys: number,
        size: number,
        altmap: vmem_altmap | null,
      ): Steps<void> {
        yield* free_hotplug.v5_2.free_hotplug_page_range.call(this, phys, size, altmap);
        yield* complete();
      },
      *free_hotplug_pgtable_page(this: Kernel, phys: number): Steps<void> {
        yield* free_hotplug.v5_2.free_hotplug_pgtable_page.call(this, phys);
        yield* complete();
      },
    },
  },
});
