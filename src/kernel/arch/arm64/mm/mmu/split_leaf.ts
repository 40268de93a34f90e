import { contSize, isFolded } from '../../../../../geometry/blocks.ts';
import { depthOf, entrySize, type LevelName } from '../../../../../geometry/translation.ts';
import type { Steps } from '../../../../../steps/step.ts';
import { pmd_leaf, present, pud_leaf, READ_ONCE } from '../../../../include/linux/pgtable.ts';
import type { Kernel, MemoryNotifier, memory_notify } from '../../../../kernel.ts';
import { pr_warn } from '../../../../ops.ts';
import { hexpad, PFN_PHYS, phys_to_virt, vmemmap_of } from '../../../../pfn.ts';
import { MEM_GOING_OFFLINE } from '../../../../state.ts';
import { cont } from '../../include/asm/pgtable.ts';
import { prevent_bootmem_remove_notifier } from './arch_add_memory.ts';

/**
 * v7.1 (95a58852b0e5): memory whose removal would split a leaf of the linear map or the memmap cannot go offline (B27).
 */

const aligned = (k: Kernel, level: LevelName, addr: number): boolean =>
  addr % entrySize(k.c.t, depthOf(k.c.t, level)) === 0;
const cont_aligned = (k: Kernel, level: 'PMD' | 'PTE', addr: number): boolean =>
  addr % contSize(k.c.t, depthOf(k.c.t, level)) === 0;

export const v7_1 = {
  /**
   * Whether an address lies inside a leaf and not at its start. Checks level by level, beginning with the alignment.
   */
  *addr_splits_kernel_leaf(this: Kernel, addr: number): Steps<boolean> {
    const { t } = this.c;
    if (aligned(this, 'PGD', addr)) return false;
    const pgdp = yield* this.pgd_offset_k(addr);
    if (!present(this.c, yield* READ_ONCE(pgdp)) || aligned(this, 'P4D', addr)) return false;
    const p4dp = yield* this.p4d_offset(pgdp, addr);
    if (!present(this.c, yield* READ_ONCE(p4dp)) || aligned(this, 'PUD', addr)) return false;
    const pudp = yield* this.pud_offset(p4dp, addr);
    const pud = yield* READ_ONCE(pudp);
    if (!present(this.c, pud)) return false;
    if (!isFolded(t, 'PMD') && pud_leaf(this.c, pud)) return true;
    if (cont_aligned(this, 'PMD', addr)) return false;
    const pmdp = yield* this.pmd_offset(pudp, addr);
    const pmd = yield* READ_ONCE(pmdp);
    if (!present(this.c, pmd)) return false;
    if (cont(pmd)) return true;
    if (aligned(this, 'PMD', addr)) return false;
    if (pmd_leaf(this.c, pmd)) return true;
    if (cont_aligned(this, 'PTE', addr)) return false;
    const pte = yield* READ_ONCE(yield* this.pte_offset_kernel(pmdp, addr));
    if (!present(this.c, pte)) return false;
    return cont(pte) || addr % this.c.PAGE_SIZE !== 0;
  },

  *can_unmap_without_split(this: Kernel, pfn: number, nr_pages: number): Steps<boolean> {
    const phys = [pfn, pfn + nr_pages].map((p) => PFN_PHYS(this.c, p));
    const where = {
      'linear map': phys.map((p) => phys_to_virt(this.c, p)),
      vmemmap: [pfn, pfn + nr_pages].map((p) => vmemmap_of(this.c, p)),
    };
    for (const [name, ends] of Object.entries(where)) {
      for (const end of ends) {
        if (!(yield* this.addr_splits_kernel_leaf(end))) continue;
        yield* pr_warn(`[${phys.map((p) => hexpad(p, 1)).join(' ')}] splits a leaf entry in ${name}`);
        return false;
      }
    }
    return true;
  },
};

export const prevent_memory_remove_notifier: MemoryNotifier = function* (
  this: Kernel,
  action: number,
  arg: memory_notify,
): Steps<number> {
  const ret = yield* prevent_bootmem_remove_notifier.call(this, action, arg);
  if (ret || action !== MEM_GOING_OFFLINE) return ret;
  return (yield* this.can_unmap_without_split(arg.start_pfn, arg.nr_pages)) ? 0 : -this.errno.EPERM;
};
