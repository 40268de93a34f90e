import type { Steps } from '../../../steps/step.ts';
import { SIZEOF_STRUCT_PAGE } from '../../config.ts';
import {
  type EntryPointer,
  leaf_address,
  leaf_entry,
  NULL_ENTRY,
  none,
  READ_ONCE,
} from '../../include/linux/pgtable.ts';
import type { Kernel } from '../../kernel.ts';
import { change, operation } from '../../ops.ts';
import { PFN_DOWN, PFN_PHYS } from '../../pfn.ts';
import type { State } from '../../state.ts';

/** mm/sparse-vmemmap.c: memmap of compound device pages, whose tails share one page (device-dax, 2M). */

const get_shared = operation({
  name: 'get_shared',
  obj: 'vmemmap_refs',
  writes: true,
  tell: () => ({ kind: 'does', what: 'get_page(reuse)' }),
  run: (state: State, pfn: number): void =>
    state.vmemmap_refs.set(pfn, pfn + 1, state.vmemmap_refs.get(pfn) + 1),
});

/** vmemmap_populate_address(): the entry, with `reuse` under it if that is a pfn; NULL_ENTRY without memory. */
function* populate_address(k: Kernel, addr: number, node: number, reuse: number): Steps<EntryPointer> {
  const pgdp = yield* k.vmemmap_pgd_populate(addr, node);
  if (pgdp === NULL_ENTRY) return NULL_ENTRY;
  const p4dp = yield* k.vmemmap_p4d_populate(pgdp, addr, node);
  if (p4dp === NULL_ENTRY) return NULL_ENTRY;
  const pudp = yield* k.vmemmap_pud_populate(p4dp, addr, node);
  if (pudp === NULL_ENTRY) return NULL_ENTRY;
  const pmdp = yield* k.vmemmap_pmd_populate(pudp, addr, node);
  if (pmdp === NULL_ENTRY) return NULL_ENTRY;
  if (reuse < 0) return yield* k.vmemmap_pte_populate(pmdp, addr, node, null);
  const ptep = yield* k.pte_offset_kernel(pmdp, addr);
  if (!none(yield* READ_ONCE(ptep))) return ptep;
  yield* change(get_shared, reuse);
  yield* k.set_pte(ptep, leaf_entry(k.c, PFN_PHYS(k.c, reuse), k.c.pgprot.PAGE_KERNEL));
  return ptep;
}

/** vmemmap_populate_range() with the page of another entry. */
function* populate_range(
  k: Kernel,
  start: number,
  end: number,
  node: number,
  of: EntryPointer,
): Steps<number> {
  const reuse = PFN_DOWN(k.c, leaf_address(k.c, yield* READ_ONCE(of)));
  for (let addr = start; addr < end; addr += k.c.PAGE_SIZE)
    if ((yield* populate_address(k, addr, node, reuse)) === NULL_ENTRY) return -k.errno.ENOMEM;
  return 0;
}

export const populate_compound_pages = {
  /**
   * 0 or -ENOMEM: of each compound page, the head's page, the next one, and that again for all the rest; in a later
   * section of the same compound page that again.
   */
  *vmemmap_populate_compound_pages(
    this: Kernel,
    start_pfn: number,
    start: number,
    end: number,
    node: number,
    pgmap: { readonly start: number; readonly vmemmap_shift: number },
  ): Steps<number> {
    const { PAGE_SIZE } = this.c;
    const nr_pages = 2 ** pgmap.vmemmap_shift;
    const offset = start_pfn - PFN_DOWN(this.c, pgmap.start);
    if (offset % nr_pages !== 0 && nr_pages > this.c.PAGES_PER_SUBSECTION) {
      const before = yield* populate_address(this, start - PAGE_SIZE, node, -1);
      return yield* populate_range(this, start, end, node, before);
    }
    const size = Math.min(end - start, nr_pages * SIZEOF_STRUCT_PAGE);
    for (let addr = start; addr < end; addr += size) {
      if ((yield* populate_address(this, addr, node, -1)) === NULL_ENTRY) return -this.errno.ENOMEM;
      const tail = yield* populate_address(this, addr + PAGE_SIZE, node, -1);
      if (tail === NULL_ENTRY) return -this.errno.ENOMEM;
      const ret = yield* populate_range(this, addr + 2 * PAGE_SIZE, addr + size, node, tail);
      if (ret) return ret;
    }
    return 0;
  },
};
