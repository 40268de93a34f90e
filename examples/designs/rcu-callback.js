// As rcu-read-sections.js, but the remover does not wait: a callback frees the table if it is still empty.
import { defineRelease, none, READ_ONCE, rcu_read_lock, rcu_read_unlock } from 'mhp';

export default defineRelease({
  name: 'rcu-callback',
  base: 'v6.12',
  about: 'every empty table is freed by call_rcu(), and vmalloc walks inside of a read section',
  'arch/arm64': (base) => ({
    *pgtable_range_aligned() {
      return true;
    },
    *free_hotplug_pgtable_page(phys) {
      yield* this.call_rcu(phys, '$free_if_empty');
    },
    /** A table that a walker has filled meanwhile is lost, but not freed. */
    *$free_if_empty(phys) {
      for (let p = phys; p < phys + this.c.PAGE_SIZE; p += 8) if (!none(yield* READ_ONCE(p))) return;
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
