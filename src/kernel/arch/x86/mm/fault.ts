import { vaText } from '../../../../geometry/translation.ts';
import type { Steps } from '../../../../steps/step.ts';
import type { Kernel } from '../../../kernel.ts';

/** arch/x86/mm/fault.c, show_fault_oops(): an access to an unmapped kernel address. */

const X86_PF_WRITE = 2;

const alert = (text: string) => ({ op: 'printk', level: 1, text }) as const;

export const v5_2 = {
  /** The task dies; the entries of the walk are not printed, because the tables are not modelled. */
  *$page_fault(this: Kernel, va: number, write: boolean, where: string, _pc = where): Steps<never> {
    const code = (write ? X86_PF_WRITE : 0).toString(16).padStart(4, '0');
    const message = 'unable to handle page fault for address';
    yield alert(`BUG: ${message}: ${vaText(va)}`);
    yield alert(`#PF: supervisor ${write ? 'write' : 'read'} access in kernel mode`);
    yield alert(`#PF: error_code(0x${code}) - not-present page`);
    yield alert(`Oops: ${code} [#1] SMP`);
    yield alert(`RIP: 0010:${where}`);
    return yield* this.BUG(where, `Oops: ${message}: ${vaText(va)}`, { message: `Oops: ${message}`, va });
  },
};
