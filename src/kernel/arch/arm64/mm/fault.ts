import { depthOf, entryIndex, hardwareLevel, vaText } from '../../../../geometry/translation.ts';
import { isTable, toWord } from '../../../../hardware/descriptor/descriptor.ts';
import { readEntry } from '../../../../hardware/mmu.ts';
import type { Steps } from '../../../../steps/step.ts';
import { table_page } from '../../../include/linux/pgtable.ts';
import type { Kernel } from '../../../kernel.ts';
import { type AccessFault, fault_of, first_unmapped } from '../../../mmu.ts';
import { look, operation } from '../../../ops.ts';
import { hexpad, PFN_PHYS, phys_to_virt } from '../../../pfn.ts';
import type { State } from '../../../state.ts';

/**
 * arch/arm64/mm/fault.c, __do_kernel_fault(): an access to an unmapped kernel address, or a write to a read-only one.
 */

interface Walk {
  /** The hardware level at which the walk ended. */
  readonly level: number;
  /** The entries it read, by the kernel's names for them. */
  readonly entries: string;
}

/** show_pte: a folded level shows its parent's entry again. */
const walk = operation({
  name: 'walk',
  obj: 'mmu',
  writes: false,
  tables: () => 'any',
  run(state: State, k: Kernel, va: number): Walk {
    const { t } = k.c;
    const mmu = state.mmu!;
    const found: string[] = [];
    let table = mmu.root;
    let shown = -1;
    let word = 0n;
    for (const name of ['PGD', 'P4D', 'PUD', 'PMD', 'PTE'] as const) {
      const depth = depthOf(t, name);
      if (depth === shown) {
        found.push(`${name.toLowerCase()}=${word.toString(16).padStart(16, '0')}`);
        continue;
      }
      const d = readEntry(mmu, table + entryIndex(t, depth, va) * 8);
      word = toWord(d);
      shown = depth;
      found.push(`${name.toLowerCase()}=${word.toString(16).padStart(16, '0')}`);
      if (!isTable(d) || depth === t.levels - 1) break;
      table = table_page(k.c, d);
    }
    return { level: hardwareLevel(t, shown), entries: found.join(', ') };
  },
  tell: () => ({ kind: 'books' }),
});

/** By kind of fault: the CPU's words, the kernel's message, and the status code at level 0. */
const FAULTS = {
  translation: { kind: 'translation', msg: 'paging request', fsc: 0x04 },
  permission: { kind: 'permission', msg: 'write to read-only memory', fsc: 0x0c },
} as const;

/** ESR_EL1 of a data abort at EL1: EC 0x25, IL, WnR, and the fault's status code. */
const esr = (fsc: number, write: boolean): number => 0x96000000 + fsc + (write ? 0x40 : 0);

const alert = (text: string) => ({ op: 'printk', level: 1, text }) as const;

export const v5_2 = {
  /** A load or store by the kernel itself, at any address. */
  *$touch_kernel(this: Kernel, va: number, write: boolean, pc: string): Steps<void> {
    const fault = yield* look(fault_of, va, write);
    if (fault === null) return;
    if (fault === 'translation' && (yield* this.is_spurious_el1_translation_fault(va))) return;
    yield* this.die_kernel_fault(va, write, pc, fault);
  },

  /** Not checked before v5.4 (B23). */
  *is_spurious_el1_translation_fault(this: Kernel, _va: number): Steps<boolean> {
    return false;
  },

  /** mem_abort_decode() of v5.2 to v5.10 prints no FSC. */
  *$mem_abort_decode(this: Kernel, code: number, _fault: string): Steps<void> {
    yield alert(`  ESR = 0x${hexpad(code, 8)}`);
  },

  /** The first line of __die(). */
  $die_text(this: Kernel, code: number): string {
    return `Internal error: Oops: ${hexpad(code, 1)} [#1] SMP`;
  },

  /** The task dies. `pc` is the function that touched the address, `lr` the one that called it, where that is known. */
  *die_kernel_fault(
    this: Kernel,
    va: number,
    write: boolean,
    pc: string,
    fault: AccessFault,
    lr = pc,
  ): Steps<never> {
    const { level, entries } = yield* look(walk, this, va);
    const { kind, msg, fsc } = FAULTS[fault];
    const code = esr(fsc + level, write);
    yield alert(`Unable to handle kernel ${msg} at virtual address ${vaText(va)}`);
    yield* this.$mem_abort_decode(code, `level ${level} ${kind} fault`);
    yield alert(`[${vaText(va)}] ${entries}`);
    yield { op: 'printk', level: 0, text: this.$die_text(code) };
    yield { op: 'printk', level: 4, text: `pc : ${pc}` };
    return yield* this.BUG(lr, `Oops: ${msg} at ${vaText(va)}`, { message: `Oops: ${msg}`, va });
  },

  /**
   * An access to an address that is known not to be mapped. `where` is the function that makes it, `pc` the routine
   * that it calls for it.
   */
  *$page_fault(this: Kernel, va: number, write: boolean, where: string, pc = where): Steps<never> {
    return yield* this.die_kernel_fault(va, write, pc, 'translation', where);
  },

  /** clear_page over a range, through the linear map: every page given to a program is cleared first. */
  *$clear_pages(this: Kernel, pfn: number, nr_pages: number): Steps<void> {
    const start = phys_to_virt(this.c, PFN_PHYS(this.c, pfn));
    const fault = yield* look(first_unmapped, start, start + PFN_PHYS(this.c, nr_pages));
    if (fault !== null) yield* this.die_kernel_fault(fault, true, 'clear_page', 'translation');
  },
};

export const v5_4 = {
  /** An address translation instruction finds the translation that the access did not. */
  *is_spurious_el1_translation_fault(this: Kernel, va: number): Steps<boolean> {
    return (yield* look(first_unmapped, va, va + 1)) === null;
  },
};

export const v5_10 = {
  /** 5.10 stable, and mainline from v5.18 on. */
  $die_text(this: Kernel, code: number): string {
    return `Internal error: Oops: ${hexpad(code, 16)} [#1] SMP`;
  },
};

/** v5.15 at the latest */
export const v6_1 = {
  *$mem_abort_decode(this: Kernel, code: number, fault: string): Steps<void> {
    yield alert(`  ESR = 0x${hexpad(code, 16)}`);
    yield alert(`  FSC = 0x${hexpad(code & 0x3f, 2)}: ${fault}`);
  },
};

/** v6.17 at the latest */
export const v6_17 = {
  $die_text(this: Kernel, code: number): string {
    return `Internal error: Oops: ${hexpad(code, 16)} [#1]  SMP`;
  },
};
