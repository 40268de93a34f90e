import type { DsbKind } from '../../../../../hardware/tlb/barriers.ts';
import type { Steps } from '../../../../../steps/step.ts';
import { mmu_steps } from '../../../../mmu.ts';
import { change } from '../../../../ops.ts';

/** arch/arm64/include/asm/barrier.h */

/** dsb(kind) */
export function* DSB(kind: DsbKind): Steps<void> {
  yield* change(mmu_steps.barrier_dsb, kind);
}

/** isb() */
export function* ISB(): Steps<void> {
  yield* change(mmu_steps.barrier_isb);
}
