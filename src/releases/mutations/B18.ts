import { before, check_present } from '../../kernel/arch/arm64/mm/mmu/hotunplug_range.ts';
import {
  addr_end,
  type EntryPointer,
  none,
  pmd_leaf,
  READ_ONCE,
  READ_RUN,
} from '../../kernel/include/linux/pgtable.ts';
import type { Kernel, vmem_altmap } from '../../kernel/kernel.ts';
import type { Steps } from '../../steps/step.ts';
import { defineRelease } from '../define.ts';
import { S0 } from '../series/arm64-v6.ts';

/** B18: the leaves' pass as it was before V4, where every test and every use reads the entry again. */
export const B18_mutant = defineRelease({
  name: 'arm64-v6-B18',
  base: S0,
  about: 'V6 with *pmdp and *ptep in the place of what READ_ONCE() has found',
  arch: {
    arm64: {
      *unmap_hotplug_pmd_range(
        this: Kernel,
        pudp: EntryPointer,
        addr: number,
        end: number,
        sparse: boolean,
        altmap: vmem_altmap | null,
      ): Steps<void> {
        do {
          const next = addr_end(this.c.t, 'PMD', addr, end);
          const pmdp = yield* this.pmd_offset(pudp, addr);
          if (!none(yield* READ_ONCE(pmdp))) {
            yield* check_present(this, 'unmap_hotplug_pmd_range', yield* READ_ONCE(pmdp));
            if (pmd_leaf(this.c, yield* READ_ONCE(pmdp))) {
              const run = yield* READ_RUN(pmdp, 1);
              yield* this.unmap_hotplug_leaf('PMD', pmdp, run, addr, next, sparse, altmap);
            } else yield* this.unmap_hotplug_pte_range(pmdp, addr, next, sparse, altmap);
          }
          addr = next;
        } while (before(addr, end));
      },

      *unmap_hotplug_pte_range(
        this: Kernel,
        pmdp: EntryPointer,
        addr: number,
        end: number,
        sparse: boolean,
        altmap: vmem_altmap | null,
      ): Steps<void> {
        do {
          const next = addr + this.c.PAGE_SIZE;
          const ptep = yield* this.pte_offset_kernel(pmdp, addr);
          if (!none(yield* READ_ONCE(ptep))) {
            yield* check_present(this, 'unmap_hotplug_pte_range', yield* READ_ONCE(ptep));
            const run = yield* READ_RUN(ptep, 1);
            yield* this.unmap_hotplug_leaf('PTE', ptep, run, addr, next, sparse, altmap);
          }
          addr = next;
        } while (before(addr, end));
      },
    },
  },
});
