import { v5_2 as set_memory } from '../../kernel/arch/x86/mm/pat/set_memory.ts';
import { defineRelease } from '../define.ts';
import { v7_2 } from '../mainline/v7.2.ts';

/** B36d: the table of a split leaf has no constructor, as in 6.12.117. */
export const B36d_cure = defineRelease({
  name: 'v7.2-B36d',
  base: v7_2,
  about: '7.2.13 with split_large_page() of x86-64 as in 6.12.117',
  arch: { x86_64: { split_large_page: set_memory.split_large_page } },
});
