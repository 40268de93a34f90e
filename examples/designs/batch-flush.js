// The pages of the memmap are freed one by one, and one invalidation follows for the whole range.
import { alloc, defineRelease, exists, free } from 'mhp';

export default defineRelease({
  name: 'batch-flush',
  base: 'v6.12',
  about: 'v6.12, but leaves are invalidated at once, after the pages they mapped have been freed',
  'arch/arm64': (base) => ({
    *unmap_hotplug_range(addr, end, freeMapped, altmap) {
      yield* alloc('design', 0, {});
      yield* base.unmap_hotplug_range.call(this, addr, end, freeMapped, altmap);
      yield* free('design', 0);
      yield* this.flush_tlb_kernel_range(addr, end);
    },
    *flush_tlb_kernel_range(start, end) {
      if (!(yield* exists('design', 0))) yield* base.flush_tlb_kernel_range.call(this, start, end);
    },
  }),
});
