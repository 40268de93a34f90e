import type { TlbiOp } from '../../hardware/tlb/tlbi.ts';
import { invalidate } from '../../hardware/tlb/x86.ts';
import { v7_2 as pgtable } from '../../kernel/arch/x86/mm/pgtable.ts';
import { flush_range } from '../../kernel/arch/x86/mm/tlb.ts';
import type { EntryPointer } from '../../kernel/include/linux/pgtable.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import { mmu_steps } from '../../kernel/mmu.ts';
import { change, operation } from '../../kernel/ops.ts';
import type { State } from '../../kernel/state.ts';
import type { Steps } from '../../steps/step.ts';
import { defineRelease } from '../define.ts';
import { v7_2 } from '../mainline/v7.2.ts';

/** Flushes of x86-64 that lack one of the things that its instructions do, as those of arm64 may. */

const pages_of = (k: Kernel, start: number, end: number): number => Math.ceil((end - start) / k.c.PAGE_SIZE);

/** The invalidation of arm64's instruction, waited for, without the ISB. */
function* without_isb(op: TlbiOp): Steps<void> {
  yield* change(mmu_steps.issue, op);
  yield* change(mmu_steps.barrier_dsb, 'ish');
}

/** B22b */
export const B22b_mutant = defineRelease({
  name: 'v7.2-B22b',
  base: v7_2,
  about: '7.2.13 on a processor of x86-64 whose INVLPG serializes nothing',
  arch: {
    x86_64: {
      *flush_tlb_kernel_range(this: Kernel, start: number, end: number): Steps<void> {
        yield* without_isb({
          by: 'va',
          va: start,
          pages: pages_of(this, start, end),
          last_level: false,
          broadcast: true,
        });
      },
    },
  },
});

/** B24b */
export const B24b_mutant = defineRelease({
  name: 'v7.2-B24b',
  base: v7_2,
  about: '7.2.13 on a processor of x86-64 whose INVLPG leaves the paging-structure caches alone',
  arch: {
    x86_64: {
      *flush_tlb_kernel_range(this: Kernel, start: number, end: number): Steps<void> {
        yield* without_isb({
          by: 'va',
          va: start,
          pages: pages_of(this, start, end),
          last_level: true,
          broadcast: true,
        });
        yield* change(mmu_steps.barrier_isb);
      },
    },
  },
});

const invlpg = operation({
  name: 'invlpg',
  obj: 'mmu',
  writes: true,
  tables: () => 'order',
  tell: ([va]) => ({ kind: 'tlbi', op: { by: 'va', va, last_level: false, broadcast: false } }),
  run: (state: State, va: number): void => invalidate(state.mmu!, { by: 'invlpg', va }),
});

/** B25d */
export const B25d_mutant = defineRelease({
  name: 'v7.2-B25d',
  base: v7_2,
  about: '7.2.13 whose flush_tlb_kernel_range() of x86-64 interrupts no other CPU',
  arch: {
    x86_64: {
      *flush_tlb_kernel_range(this: Kernel, start: number, end: number): Steps<void> {
        for (let va = start; va < end; va += this.c.PAGE_SIZE) yield* change(invlpg, va);
      },
    },
  },
});

/** B24c: the kernel of v7.2, as AMD's processors execute it. */
export const B24c_amd = defineRelease({
  name: 'v7.2-B24c',
  base: v7_2,
  about: '7.2.13 on a processor of AMD, where it sets EFER.TCE',
  arch: {
    x86_64: {
      *flush_tlb_kernel_range(this: Kernel, start: number, end: number): Steps<void> {
        yield* flush_range(this, start, end, true);
      },
    },
  },
});

/** B24c, cured. */
export const B24c_cure = defineRelease({
  name: 'v7.2-B24c-range',
  base: B24c_amd,
  about: '7.2.13 with EFER.TCE whose pud_free_pmd_page() flushes all that its tables have translated',
  arch: {
    x86_64: {
      *pud_free_pmd_page(this: Kernel, pudp: EntryPointer, addr: number): Steps<boolean> {
        const whole: Kernel = {
          ...this,
          *flush_tlb_kernel_range() {
            yield* this.flush_tlb_all();
          },
        };
        return yield* pgtable.pud_free_pmd_page.call(whole, pudp, addr);
      },
    },
  },
});
