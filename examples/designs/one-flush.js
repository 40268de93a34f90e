// What leaves map is put aside, one invalidation covers the whole range, and only then the pages are freed.
import { alloc, defineRelease, exists, free, R, W } from 'mhp';

/** The object of the tear-down that runs; mem_hotplug_lock lets only one run. */
const NOW = 0;

export default defineRelease({
  name: 'one-flush',
  base: 'v6.12',
  about:
    'v6.12, but leaves are cleared first, then invalidated at once, then the pages they mapped are freed',
  'arch/arm64': (base) => ({
    *unmap_hotplug_range(addr, end, freeMapped, altmap) {
      yield* alloc('design', NOW, { ranges: [] });
      yield* base.unmap_hotplug_range.call(this, addr, end, freeMapped, altmap);
      const ranges = yield* R('design', NOW, 'ranges');
      yield* free('design', NOW);
      yield* this.flush_tlb_kernel_range(addr, end);
      for (const { phys, size } of ranges) yield* base.free_hotplug_page_range.call(this, phys, size, altmap);
    },
    *flush_tlb_kernel_range(start, end) {
      if (!(yield* exists('design', NOW))) yield* base.flush_tlb_kernel_range.call(this, start, end);
    },
    *free_hotplug_page_range(phys, size) {
      const ranges = yield* R('design', NOW, 'ranges');
      yield* W('design', NOW, 'ranges', [...ranges, { phys, size }]);
    },
  }),
});
