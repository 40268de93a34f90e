import { INVALID } from '../hardware/descriptor/descriptor.ts';
import * as dump from '../kernel/arch/arm64/mm/dump.ts';
import { leaf_entry, NULL_ENTRY, none, present } from '../kernel/include/linux/pgtable.ts';
import * as ioremap from '../kernel/lib/ioremap.ts';
import * as pagewalk from '../kernel/mm/pagewalk.ts';
import * as ptdump from '../kernel/mm/ptdump.ts';
import * as vmalloc_map from '../kernel/mm/vmalloc/map.ts';
import * as vmalloc_unmap from '../kernel/mm/vmalloc/unmap.ts';
import { PFN_PHYS } from '../kernel/pfn.ts';
import { READ_RUN, XCHG_RUN } from './entries.ts';
import { type BatchForm, form } from './form.ts';
import { SETTING } from './pgtable.ts';

/** The PTEs of one table by runs: vmalloc, ioremap and ptdump. */

/** How many of the pages from `nr` on lie side by side, at most `most`. */
function side_by_side(pages: readonly number[], nr: number, most: number): number {
  let n = 1;
  while (n < most && pages[nr + n] === pages[nr]! + n) n++;
  return n;
}

const mapping: readonly BatchForm[] = SETTING.flatMap(({ set_run, exact: { set_pte } }) => [
  form({
    name: 'vmap_pte_range',
    exact: vmalloc_map.v5_2.vmap_pte_range,
    instead_of: { set_pte: set_pte! },
    *batch(pmdp, addr, end, prot, pages, mapped) {
      const { PAGE_SIZE } = this.c;
      let ptep = yield* this.pte_alloc_kernel(pmdp, addr);
      if (ptep === NULL_ENTRY) return -this.errno.ENOMEM;
      do {
        const old = yield* READ_RUN(ptep, side_by_side(pages, mapped.nr, (end - addr) / PAGE_SIZE));
        if (!none(old)) {
          yield* this.WARN('vmap_pte_range');
          return -this.errno.EBUSY;
        }
        const pte = leaf_entry(this.c, PFN_PHYS(this.c, pages[mapped.nr]!), prot);
        yield* set_run(ptep, old.n, pte, PAGE_SIZE);
        mapped.nr += old.n;
        ptep += old.n * 8;
        addr += old.n * PAGE_SIZE;
      } while (addr !== end);
      return 0;
    },
  }),
  form({
    name: 'ioremap_pte_range',
    exact: ioremap.v5_2.ioremap_pte_range,
    instead_of: { set_pte: set_pte! },
    *batch(pmdp, addr, end, phys, prot) {
      const { PAGE_SIZE } = this.c;
      let ptep = yield* this.pte_alloc_kernel(pmdp, addr);
      if (ptep === NULL_ENTRY) return -this.errno.ENOMEM;
      do {
        const old = yield* READ_RUN(ptep, (end - addr) / PAGE_SIZE);
        if (!none(old)) yield* this.BUG('ioremap_pte_range');
        yield* set_run(ptep, old.n, leaf_entry(this.c, phys, prot), PAGE_SIZE);
        ptep += old.n * 8;
        phys += old.n * PAGE_SIZE;
        addr += old.n * PAGE_SIZE;
      } while (addr !== end);
      return 0;
    },
  }),
]);

export const forms: readonly BatchForm[] = [
  ...mapping,
  form({
    name: 'vunmap_pte_range',
    exact: vmalloc_unmap.v5_2.vunmap_pte_range,
    *batch(pmdp, addr, end) {
      const { PAGE_SIZE } = this.c;
      let ptep = yield* this.pte_offset_kernel(pmdp, addr);
      do {
        const ptent = yield* XCHG_RUN(ptep, (end - addr) / PAGE_SIZE, INVALID);
        if (!none(ptent) && !present(this.c, ptent)) yield* this.WARN('vunmap_pte_range');
        ptep += ptent.n * 8;
        addr += ptent.n * PAGE_SIZE;
      } while (addr !== end);
    },
  }),
  form({
    name: 'walk_pte',
    exact: dump.v5_2.walk_pte,
    *batch(notes, pmdp, start, end) {
      const { PAGE_SIZE } = this.c;
      let ptep = yield* this.pte_offset_kernel(pmdp, start);
      for (let addr = start; addr !== end; ) {
        const run = yield* READ_RUN(ptep, (end - addr) / PAGE_SIZE);
        const next = addr + run.n * PAGE_SIZE;
        notes.push({ addr, end: next, level: 'PTE', attr: run.attr });
        ptep += run.n * 8;
        addr = next;
      }
    },
  }),
  form({
    name: 'walk_pte_range',
    exact: pagewalk.v5_7.walk_pte_range,
    instead_of: { ptdump_pte_entry: ptdump.v5_7.ptdump_pte_entry },
    *batch(pmdp, start, end, walk) {
      const { PAGE_SIZE } = this.c;
      let ptep = yield* this.pte_offset_kernel(pmdp, start);
      for (let addr = start; addr !== end; ) {
        const run = yield* READ_RUN(ptep, (end - addr) / PAGE_SIZE);
        const next = addr + run.n * PAGE_SIZE;
        walk.private.push({ addr, end: next, level: 'PTE', attr: run.attr });
        ptep += run.n * 8;
        addr = next;
      }
    },
  }),
];
