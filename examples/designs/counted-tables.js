// vmalloc counts itself as a user of the last-level table in which it writes; a tear-down frees empty tables without users.
import { alloc, atomic_add_return, defineRelease, exists, R, READ_ONCE, table_page } from 'mhp';

/** The object of a table. */
function* objectOf(k, phys) {
  const pfn = phys / k.c.PAGE_SIZE;
  if (!(yield* exists('design', pfn))) yield* alloc('design', pfn, { users: 0 });
  return pfn;
}

export default defineRelease({
  name: 'counted-tables',
  base: 'v6.12',
  about: 'v6.12, but every empty table is freed that no walker has counted itself a user of',
  'arch/arm64': (base) => ({
    *pgtable_range_aligned() {
      return true;
    },
    *free_empty_pte_table(pmdp, addr, end, floor, ceiling) {
      const pfn = yield* objectOf(this, table_page(this.c, yield* READ_ONCE(pmdp)));
      if ((yield* R('design', pfn, 'users')) > 0) return;
      yield* base.free_empty_pte_table.call(this, pmdp, addr, end, floor, ceiling);
    },
  }),
  mm: (base) => ({
    *vmap_pte_range(pmdp, addr, end, prot, pages, mapped) {
      yield* this.pte_alloc_kernel(pmdp, addr);
      const pfn = yield* objectOf(this, table_page(this.c, yield* READ_ONCE(pmdp)));
      yield* atomic_add_return(1, 'design', pfn, 'users');
      const error = yield* base.vmap_pte_range.call(this, pmdp, addr, end, prot, pages, mapped);
      yield* atomic_add_return(-1, 'design', pfn, 'users');
      return error;
    },
  }),
});
