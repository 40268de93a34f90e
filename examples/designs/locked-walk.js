// Every empty table is freed under a lock that vmalloc holds while it maps its pages.
import { defineRelease, lock, unlock } from 'mhp';

const LOCK = 'kernel_tables_lock';

export default defineRelease({
  name: 'locked-walk',
  base: 'v6.12',
  about: 'v6.12, but every empty table is freed, under a lock that vmalloc holds while it walks',
  'arch/arm64': (base) => ({
    *pgtable_range_aligned() {
      return true;
    },
    *free_empty_tables(addr, end, floor, ceiling) {
      yield* lock(LOCK, 'mutex');
      yield* base.free_empty_tables.call(this, addr, end, floor, ceiling);
      yield* unlock(LOCK, 'mutex');
    },
  }),
  mm: (base) => ({
    *map_vm_area(addr, prot, pages) {
      yield* lock(LOCK, 'mutex');
      const error = yield* base.map_vm_area.call(this, addr, prot, pages);
      yield* unlock(LOCK, 'mutex');
      return error;
    },
  }),
});
