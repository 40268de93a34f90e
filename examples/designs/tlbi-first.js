// During a tear-down everything is invalidated before an entry is cleared, and not after it.
import { alloc, defineRelease, exists, free } from 'mhp';

const NOW = 0;

export default defineRelease({
  name: 'tlbi-first',
  base: 'v6.12',
  about: 'v6.12, but a tear-down invalidates before it clears',
  'arch/arm64': (base) => {
    const flushing = (clear) =>
      function* (entry) {
        if (yield* exists('design', NOW)) yield* this.flush_tlb_all();
        yield* clear.call(this, entry);
      };
    return {
      pte_clear: flushing(base.pte_clear),
      pmd_clear: flushing(base.pmd_clear),
      pud_clear: flushing(base.pud_clear),
      *unmap_hotplug_range(addr, end, freeMapped, altmap) {
        yield* alloc('design', NOW, {});
        yield* base.unmap_hotplug_range.call(this, addr, end, freeMapped, altmap);
        yield* free('design', NOW);
      },
      *flush_tlb_kernel_range(start, end) {
        if (!(yield* exists('design', NOW))) yield* base.flush_tlb_kernel_range.call(this, start, end);
      },
    };
  },
});
