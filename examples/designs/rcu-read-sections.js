// As rcu-synchronize.js, and vmalloc maps its pages inside of a read section.
import { defineRelease, rcu_read_lock, rcu_read_unlock } from 'mhp';

export default defineRelease({
  name: 'rcu-read-sections',
  base: 'v6.12',
  about: 'v6.12, but every empty table is freed after synchronize_rcu(), and vmalloc walks in a read section',
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
    *map_vm_area(addr, prot, pages) {
      yield* rcu_read_lock();
      const error = yield* base.map_vm_area.call(this, addr, prot, pages);
      yield* rcu_read_unlock();
      return error;
    },
  }),
});
