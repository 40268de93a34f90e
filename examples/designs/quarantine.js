// Freed tables rest in a list of the CPU that freed them, until its next tear-down.
import { alloc, defineRelease, exists, R, W } from 'mhp';

/** mem_hotplug_lock lets one tear-down run; which CPU runs it does not matter to walkers. */
const LIST = 0;

function* take(tables) {
  if (!(yield* exists('design', LIST))) yield* alloc('design', LIST, { tables: [] });
  const resting = yield* R('design', LIST, 'tables');
  yield* W('design', LIST, 'tables', tables(resting));
  return resting;
}

export default defineRelease({
  name: 'quarantine',
  base: 'v6.12',
  about: 'v6.12, but every empty table is unlinked, and freed by the next tear-down',
  'arch/arm64': (base) => ({
    *pgtable_range_aligned() {
      return true;
    },
    *free_empty_tables(addr, end, floor, ceiling) {
      for (const phys of yield* take(() => [])) yield* base.free_hotplug_pgtable_page.call(this, phys);
      yield* base.free_empty_tables.call(this, addr, end, floor, ceiling);
    },
    *free_hotplug_pgtable_page(phys) {
      yield* take((resting) => [...resting, phys]);
    },
  }),
});
