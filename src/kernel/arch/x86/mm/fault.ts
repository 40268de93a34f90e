import { vaText } from '../../../../geometry/translation.ts';
import type { Steps } from '../../../../steps/step.ts';
import type { Kernel } from '../../../kernel.ts';
import { fault_of, first_unmapped } from '../../../mmu.ts';
import { look } from '../../../ops.ts';
import { PFN_PHYS, phys_to_virt } from '../../../pfn.ts';

/** arch/x86/mm/fault.c, show_fault_oops(): an access to an unmapped kernel address. */

const X86_PF_PROT = 1;
const X86_PF_WRITE = 2;

const alert = (text: string) => ({ op: 'printk', level: 1, text }) as const;

/** The task dies; the entries of the walk are not printed. */
function* oops(k: Kernel, va: number, error_code: number, where: string): Steps<never> {
  const code = error_code.toString(16).padStart(4, '0');
  const message = 'unable to handle page fault for address';
  yield alert(`BUG: ${message}: ${vaText(va)}`);
  yield alert(`#PF: supervisor ${error_code & X86_PF_WRITE ? 'write' : 'read'} access in kernel mode`);
  yield alert(
    `#PF: error_code(0x${code}) - ${error_code & X86_PF_PROT ? 'permissions violation' : 'not-present page'}`,
  );
  yield { op: 'printk', level: 4, text: `${k.$die_name()}: ${code} [#1] SMP` };
  yield { op: 'printk', level: 4, text: `RIP: 0010:${where}` };
  return yield* k.BUG(where, `Oops: ${message}: ${vaText(va)}`, { message: `Oops: ${message}`, va });
}

export const v5_2 = {
  /** The first words of __die(). */
  $die_name(this: Kernel): string {
    return 'Oops';
  },

  /** A load or store by the kernel itself, at any address. */
  *$touch_kernel(this: Kernel, va: number, write: boolean, pc: string): Steps<void> {
    const fault = yield* look(fault_of, va, write);
    if (fault === 'permission') yield* oops(this, va, X86_PF_WRITE | X86_PF_PROT, pc);
    if (fault === 'translation') yield* this.$page_fault(va, write, pc);
  },

  *$page_fault(this: Kernel, va: number, write: boolean, where: string, _pc = where): Steps<never> {
    return yield* oops(this, va, write ? X86_PF_WRITE : 0, where);
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
