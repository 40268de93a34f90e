import { v5_2 as remove } from '../../kernel/arch/x86/mm/init_64/remove_pagetable.ts';
import { defineRelease } from '../define.ts';
import { v7_2 } from '../mainline/v7.2.ts';

/** B27b: a leaf of 1G of which a part goes stays, as it does until v5.12. */
export const B27b_cure = defineRelease({
  name: 'v7.2-B27b',
  base: v7_2,
  about: '7.2.13 with remove_pud_table() of x86-64 as before v5.13',
  arch: { x86_64: { remove_pud_table: remove.remove_pud_table } },
});
