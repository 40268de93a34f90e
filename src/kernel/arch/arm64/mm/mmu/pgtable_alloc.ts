import type { LevelName } from '../../../../../geometry/translation.ts';
import type { Steps } from '../../../../../steps/step.ts';
import { alloc_table, take_table } from '../../../../include/asm-generic/pgalloc.ts';
import type { Kernel } from '../../../../kernel.ts';
import { PFN_DOWN } from '../../../../pfn.ts';

/**
 * arch/arm64/mm/mmu.c: tables for __create_pgd_mapping(), by the level that the kernel's `shift` names. The physical
 * address, or -1.
 */
export const v5_2 = {
  /** From memblock. The kernel panics without memory; the model's boot goes on and notes it. */
  *early_pgtable_alloc(this: Kernel, level: LevelName): Steps<number> {
    return yield* alloc_table(this, level);
  },

  /** After boot. Tables of the linear map have no constructor. Until v7.1 nothing can return -ENOMEM. */
  *__pgd_pgtable_alloc(this: Kernel, level: LevelName): Steps<number> {
    const phys = yield* alloc_table(this, level);
    if (phys < 0 && !this.c.pgtable_alloc_may_fail) yield* this.BUG('__pgd_pgtable_alloc');
    return phys;
  },
};

export const v6_10 = {
  /** Not zeroed: who asks for it does that. */
  *early_pgtable_alloc(this: Kernel, level: LevelName): Steps<number> {
    return yield* take_table(this, level);
  },

  *__pgd_pgtable_alloc(this: Kernel, level: LevelName): Steps<number> {
    const phys = yield* take_table(this, level);
    if (phys < 0 && !this.c.pgtable_alloc_may_fail) yield* this.BUG('__pgd_pgtable_alloc');
    return phys;
  },
};

export const v7_1 = {
  *__pgd_pgtable_alloc(this: Kernel, level: LevelName): Steps<number> {
    const phys = yield* take_table(this, level);
    if (phys >= 0) yield* this.__pagetable_ctor(PFN_DOWN(this.c, phys));
    return phys;
  },
};
