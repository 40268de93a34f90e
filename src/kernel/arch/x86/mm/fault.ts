import { vaText } from '../../../../geometry/translation.ts';
import type { Steps } from '../../../../steps/step.ts';
import type { Kernel } from '../../../kernel.ts';
import { first_unmapped } from '../../../mmu.ts';
import { look } from '../../../ops.ts';
import { PFN_PHYS, phys_to_virt } from '../../../pfn.ts';

/** arch/x86/mm/fault.c, show_fault_oops(): an access to an unmapped kernel address. */

const X86_PF_WRITE = 2;

const alert = (text: string) => ({ op: 'printk', level: 1, text }) as const;

export const v5_2 = {
  /** The first words of __die(). */
  $die_name(this: Kernel): string {
    return 'Oops';
  },

  /** The task dies; the entries of the walk are not printed. */
  *$page_fault(this: Kernel, va: number, write: boolean, where: string, _pc = where): Steps<never> {
    const code = (write ? X86_PF_WRITE : 0).toString(16).padStart(4, '0');
    const message = 'unable to handle page fault for address';
    yield alert(`BUG: ${message}: ${vaText(va)}`);
    yield alert(`#PF: supervisor ${write ? 'write' : 'read'} access in kernel mode`);
    yield alert(`#PF: error_code(0x${code}) - not-present page`);
    yield { op: 'printk', level: 4, text: `${this.$die_name()}: ${code} [#1] SMP` };
    yield { op: 'printk', level: 4, text: `RIP: 0010:${where}` };
    return yield* this.BUG(where, `Oops: ${message}: ${vaText(va)}`, { message: `Oops: ${message}`, va });
  },

  /** clear_page() over a range, through the linear map: every page given to a program is cleared first. */
  *$clear_pages(this: Kernel, pfn: number, nr_pages: number): Steps<void> {
    const start = phys_to_virt(this.c, PFN_PHYS(this.c, pfn));
    const fault = yield* look(first_unmapped, start, start + PFN_PHYS(this.c, nr_pages));
    if (fault !== null) yield* this.$page_fault(fault, true, 'clear_page_erms');
  },
};

/** v6.10 at the latest */
export const v6_12 = {
  $die_name(this: Kernel): string {
    return 'Oops: Oops';
  },
};
