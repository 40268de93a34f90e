import { before } from '../../kernel/arch/arm64/mm/mmu/unsigned.ts';
import {
  type EntryPointer,
  leaf_address,
  none,
  pmd_addr_end,
  pmd_leaf,
  present,
  READ_ONCE,
} from '../../kernel/include/linux/pgtable.ts';
import type { Kernel, vmem_altmap } from '../../kernel/kernel.ts';
import type { Steps } from '../../steps/step.ts';
import { defineRelease } from '../define.ts';
import { arm64_v6 } from '../series/arm64-v6.ts';

/** B18: the leaves' pass as it was before V4, where every test and every use reads the entry again. */
export const B18_mutant = defineRelease({
  name: 'arm64-v6-B18',
  base: arm64_v6,
  about: 'V6 with *pmdp and *ptep in the place of what READ_ONCE() has found',
  arch: {
    arm64: {
      *unmap_hotplug_pmd_range(
        this: Kernel,
        pudp: EntryPointer,
        addr: number,
        end: number,
        sparse_vmap: boolean,
        altmap: vmem_altmap | null,
      ): Steps<void> {
        for (let next = addr, more = true; more; addr = next, more = before(addr, end)) {
          next = pmd_addr_end(this.c, addr, end);
          const pmdp = yield* this.pmd_offset(pudp, addr);
          if (none(yield* READ_ONCE(pmdp))) continue;
          if (!present(this.c, yield* READ_ONCE(pmdp))) yield* this.WARN('unmap_hotplug_pmd_range');
          if (pmd_leaf(this.c, yield* READ_ONCE(pmdp))) {
            const page = leaf_address(this.c, yield* READ_ONCE(pmdp));
            yield* this.pmd_clear(pmdp);
            yield* this.flush_tlb_kernel_range(addr, next);
            if (sparse_vmap) yield* this.free_hotplug_page_range(page, this.c.PMD_SIZE, altmap);
          } else yield* this.unmap_hotplug_pte_range(pmdp, addr, next, sparse_vmap, altmap);
        }
      },

      *unmap_hotplug_pte_range(
        this: Kernel,
        pmdp: EntryPointer,
        addr: number,
        end: number,
        sparse_vmap: boolean,
        altmap: vmem_altmap | null,
      ): Steps<void> {
        const { PAGE_SIZE } = this.c;
        for (let more = true; more; addr += PAGE_SIZE, more = before(addr, end)) {
          const ptep = yield* this.pte_offset_kernel(pmdp, addr);
          if (none(yield* READ_ONCE(ptep))) continue;
          if (!present(this.c, yield* READ_ONCE(ptep))) yield* this.WARN('unmap_hotplug_pte_range');
          const page = leaf_address(this.c, yield* READ_ONCE(ptep));
          yield* this.pte_clear(ptep);
          yield* this.flush_tlb_kernel_range(addr, addr + PAGE_SIZE);
          if (sparse_vmap) yield* this.free_hotplug_page_range(page, PAGE_SIZE, altmap);
        }
      },
    },
  },
});
