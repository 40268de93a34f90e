// No lock: vmalloc maps its pages, looks whether the tables are still those it walked through, and if not maps them again.
import { defineRelease, none, READ_ONCE, rcu_read_lock, rcu_read_unlock } from 'mhp';

export default defineRelease({
  name: 'retry',
  base: 'v6.12',
  about:
    'v6.12, but every empty table is freed after a grace period, and vmalloc walks again if a table went away',
  'arch/arm64': (base) => ({
    *pgtable_range_aligned() {
      return true;
    },
    *free_hotplug_pgtable_page(phys) {
      yield* this.synchronize_rcu();
      yield* base.free_hotplug_pgtable_page.call(this, phys);
    },
  }),
  mm: (base) => ({
    *vmap_pte_range(pmdp, addr, end, prot, pages, mapped) {
      const first = mapped.nr;
      for (;;) {
        yield* rcu_read_lock();
        const error = yield* base.vmap_pte_range.call(this, pmdp, addr, end, prot, pages, mapped);
        const there = !none(yield* READ_ONCE(pmdp));
        yield* rcu_read_unlock();
        if (error || there) return error;
        mapped.nr = first;
      }
    },
  }),
});
