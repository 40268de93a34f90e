import type { Steps } from '../../../../steps/step.ts';
import type { Kernel } from '../../../kernel.ts';

/** arch/x86/mm/dump_pagetables.c */
export const v6_9 = {
  /**
   * The check for writable and executable mappings, which debugfs check_wx_pages begins (mm/ptdump.c: 6.12.117 has the file, 6.1.192
   * has not); before, it is made once, at boot. What it finds is not modelled.
   */
  *ptdump_walk_pgd_level_checkwx(this: Kernel, start: number, end: number): Steps<void> {
    yield* this.ptdump_walk_pgd(start, end);
  },
};
