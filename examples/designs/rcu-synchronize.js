// A table that is left empty is freed after a grace period, whichever regions share it. Walkers take no read section.
import { defineRelease } from 'mhp';

export default defineRelease({
  name: 'rcu-synchronize',
  base: 'v6.12',
  about: 'v6.12, but every empty table is freed, after synchronize_rcu()',
  'arch/arm64': (base) => ({
    *pgtable_range_aligned() {
      return true;
    },
    *free_hotplug_pgtable_page(phys) {
      yield* this.synchronize_rcu();
      yield* base.free_hotplug_pgtable_page.call(this, phys);
    },
  }),
});
