import { AP_RDONLY, isValid, PXN, UXN } from '../../../../hardware/descriptor/descriptor.ts';
import type { Steps } from '../../../../steps/step.ts';
import type { PtdumpNote } from '../../../include/linux/ptdump.ts';
import type { Kernel } from '../../../kernel.ts';
import { pr_info, pr_warn } from '../../../ops.ts';

/** arch/arm64/mm/ptdump.c */

/** Pages of valid leaves that may be written and executed, and that user space might execute; counted by note. */
const is_wx = ({ attr }: PtdumpNote): boolean => (attr & (AP_RDONLY | PXN)) === 0;
const is_not_uxn = ({ attr }: PtdumpNote): boolean => (attr & UXN) === 0;
const valid_notes = (notes: readonly PtdumpNote[]): PtdumpNote[] =>
  notes.filter(({ attr }) => isValid({ addr: 0, attr }));

/** What a check says of the entries of a walk; true if nothing is wrong. */
export function* report_wx(k: Kernel, notes: readonly PtdumpNote[]): Steps<boolean> {
  const leaves = valid_notes(notes);
  const pages = (found: readonly PtdumpNote[]): number =>
    found.reduce((sum, { addr, end: stop }) => sum + (stop - addr) / k.c.PAGE_SIZE, 0);
  const wx = pages(leaves.filter(is_wx));
  const uxn = pages(leaves.filter(is_not_uxn));
  if (wx === 0 && uxn === 0) yield* pr_info('Checked W+X mappings: passed, no W+X pages found');
  else yield* pr_warn(`Checked W+X mappings: FAILED, ${wx} W+X pages found, ${uxn} non-UXN pages found`);
  return wx === 0 && uxn === 0;
}

export const v5_7 = {
  /** At boot, and from debugfs later on. */
  *ptdump_check_wx(this: Kernel, start: number, end: number): Steps<boolean> {
    return yield* report_wx(this, yield* this.ptdump_walk_pgd(start, end));
  },
};
