import * as huge_vmap from '../../kernel/arch/arm64/mm/mmu/huge_vmap.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import type { Steps } from '../../steps/step.ts';
import { defineRelease } from '../define.ts';
import { v5_7 } from '../mainline/v5.7.ts';

/** As if kernel_page_tables were not built in. */
const unguarded = (k: Kernel): Kernel => ({ ...k, c: { ...k.c, PTDUMP_DEBUGFS: false } });

/** B21: 5.7.14 before 7ba36eccb3f8. */
export const B21 = defineRelease({
  name: 'v5.7-B21',
  base: v5_7,
  about: '5.7.14 with huge vmaps also where kernel_page_tables is built in',
  arch: {
    arm64: {
      *arch_ioremap_pud_supported(this: Kernel): Steps<boolean> {
        return yield* huge_vmap.v5_2.arch_ioremap_pud_supported.call(unguarded(this));
      },
      *arch_ioremap_pmd_supported(this: Kernel): Steps<boolean> {
        return yield* huge_vmap.v5_2.arch_ioremap_pmd_supported.call(unguarded(this));
      },
    },
  },
});
