import { entryIndex } from '../geometry/translation.ts';
import { leaf_entry, NULL_ENTRY, none } from '../kernel/include/linux/pgtable.ts';
import { USE } from '../kernel/mm/page.ts';
import { v5_2 as alloc_block } from '../kernel/mm/sparse-vmemmap/alloc_block.ts';
import { v5_2 } from '../kernel/mm/sparse-vmemmap/vmemmap_populate.ts';
import { v5_2 as verify } from '../kernel/mm/sparse-vmemmap/vmemmap_verify.ts';
import { add } from '../kernel/ops.ts';
import { PFN_PHYS } from '../kernel/pfn.ts';
import { READ_RUN } from './entries.ts';
import { type BatchForm, form } from './form.ts';
import { SETTING } from './pgtable.ts';

/** vmemmap_populate_basepages() by runs of adjacent pages; an altmap returns them one by one. */

const {
  vmemmap_alloc_block_buf,
  vmemmap_pgd_populate,
  vmemmap_p4d_populate,
  vmemmap_pud_populate,
  vmemmap_pmd_populate,
  vmemmap_pte_populate,
} = v5_2;
const { vmemmap_alloc_block } = alloc_block;
const { vmemmap_verify } = verify;
const tables = { vmemmap_pgd_populate, vmemmap_p4d_populate, vmemmap_pud_populate, vmemmap_pmd_populate };

export const forms: readonly BatchForm[] = SETTING.map(({ set_run, exact: { set_pte } }) =>
  form({
    name: 'vmemmap_populate_basepages',
    exact: v5_2.vmemmap_populate_basepages,
    instead_of: {
      ...tables,
      set_pte: set_pte!,
      vmemmap_pte_populate,
      vmemmap_verify,
      vmemmap_alloc_block,
      vmemmap_alloc_block_buf,
    },
    *batch(start, end, node, altmap) {
      const { PAGE_SIZE, t, pgprot } = this.c;
      for (let addr = start; addr < end; ) {
        const pgdp = yield* this.vmemmap_pgd_populate(addr, node);
        if (pgdp === NULL_ENTRY) return -this.errno.ENOMEM;
        const p4dp = yield* this.vmemmap_p4d_populate(pgdp, addr, node);
        if (p4dp === NULL_ENTRY) return -this.errno.ENOMEM;
        const pudp = yield* this.vmemmap_pud_populate(p4dp, addr, node);
        if (pudp === NULL_ENTRY) return -this.errno.ENOMEM;
        const pmdp = yield* this.vmemmap_pmd_populate(pudp, addr, node);
        if (pmdp === NULL_ENTRY) return -this.errno.ENOMEM;
        if (altmap) {
          const ptep = yield* this.vmemmap_pte_populate(pmdp, addr, node, altmap);
          if (ptep === NULL_ENTRY) return -this.errno.ENOMEM;
          yield* this.vmemmap_verify(ptep, node, addr, addr + PAGE_SIZE);
          addr += PAGE_SIZE;
          continue;
        }
        const ptep = yield* this.pte_offset_kernel(pmdp, addr);
        const in_table = t.entries.at(-1)! - entryIndex(t, t.levels - 1, addr);
        const run = yield* READ_RUN(ptep, Math.min(in_table, Math.ceil((end - addr) / PAGE_SIZE)));
        if (!none(run)) {
          yield* this.vmemmap_verify(ptep, node, addr, addr + PAGE_SIZE);
          addr += PAGE_SIZE;
          continue;
        }
        const found = yield* this.$alloc_pages('vmemmap_block', node, 1, run.n, 1, USE.MEMMAP);
        if (!found) {
          yield* this.$vmemmap_alloc_failure(0);
          return -this.errno.ENOMEM;
        }
        yield* add('vars', 0, 'nr_vmemmap_pages', found.nr_pages);
        const pte = leaf_entry(this.c, PFN_PHYS(this.c, found.pfn), pgprot.PAGE_KERNEL);
        yield* set_run(ptep, found.nr_pages, pte, PAGE_SIZE);
        yield* this.$vmemmap_verify_pages(found.pfn, found.nr_pages, node, addr, PAGE_SIZE);
        addr += found.nr_pages * PAGE_SIZE;
      }
      return 0;
    },
  }),
);
