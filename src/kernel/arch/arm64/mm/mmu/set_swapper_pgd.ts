import type { Descriptor } from '../../../../../hardware/descriptor/descriptor.ts';
import type { Steps } from '../../../../../steps/step.ts';
import { type EntryPointer, WRITE_ONCE } from '../../../../include/linux/pgtable.ts';
import type { Kernel } from '../../../../kernel.ts';
import { lock, unlock } from '../../../../ops.ts';
import { DSB, ISB } from '../../include/asm/barrier.ts';
import { flush_fixmap_slot } from '../../include/asm/fixmap.ts';

/** arch/arm64/mm/mmu.c: set_swapper_pgd(). */

export const v5_2 = {
  /** Every write to the root goes through a fixmap slot of its own; the flush of the slot provides the barriers. */
  *set_swapper_pgd(this: Kernel, pgdp: EntryPointer, pgd: Descriptor): Steps<void> {
    yield* lock('swapper_pgdir_lock', 'spinlock');
    yield* WRITE_ONCE(pgdp, pgd);
    yield* flush_fixmap_slot();
    yield* unlock('swapper_pgdir_lock', 'spinlock');
  },
};

/** 6.12.117: with rodata=off the root is written at its place, without the lock. */
export const v6_12 = {
  *set_swapper_pgd(this: Kernel, pgdp: EntryPointer, pgd: Descriptor): Steps<void> {
    if (!this.c.rodata_is_rw) {
      yield* v5_2.set_swapper_pgd.call(this, pgdp, pgd);
      return;
    }
    yield* WRITE_ONCE(pgdp, pgd);
    yield* DSB('ishst');
    yield* ISB();
  },
};
