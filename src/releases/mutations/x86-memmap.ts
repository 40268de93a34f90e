import { v5_2 as vmemmap } from '../../kernel/arch/x86/mm/init_64/vmemmap.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import type { Steps } from '../../steps/step.ts';
import { defineRelease } from '../define.ts';
import { v7_2 } from '../mainline/v7.2.ts';

/** B28b: blocks for any range, and nobody looks what of a block is still in use. */
export const B28b_mutant = defineRelease({
  name: 'v7.2-B28b',
  base: v7_2,
  about: '7.2.13 that maps the memmap of x86-64 by blocks only, and frees one with the first of its users',
  arch: {
    x86_64: {
      vmemmap_populate: vmemmap.vmemmap_populate,
      *vmemmap_pmd_is_unused(this: Kernel, _addr: number, _end: number): Steps<boolean> {
        return true;
      },
    },
  },
});

/** B29b: no reference for the other users of a page. */
export const B29b_mutant = defineRelease({
  name: 'v7.2-B29b',
  base: v7_2,
  about: '7.2.13 that frees a page of the memmap of x86-64 with the first entry that maps it',
  arch: {
    x86_64: {
      *$put_shared(this: Kernel, _pfn: number): Steps<boolean> {
        return false;
      },
    },
  },
});
