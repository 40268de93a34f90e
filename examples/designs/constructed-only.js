// The destructor runs on tables that had a constructor: those of the linear map, not those of the memmap.
import { alloc, defineRelease, exists, free } from 'mhp';

/** The memmap is being freed; mem_hotplug_lock lets only one range go at a time. */
const MEMMAP = 0;

export default defineRelease({
  name: 'constructed-only',
  base: 'v7.2',
  about:
    'v7.2, but tables of the memmap are freed without a destructor, as they are made without a constructor',
  'arch/arm64': (base) => ({
    *vmemmap_free(start, end, altmap) {
      yield* alloc('design', MEMMAP, {});
      yield* base.vmemmap_free.call(this, start, end, altmap);
      yield* free('design', MEMMAP);
    },
  }),
  functions: (base) => ({
    *pagetable_dtor(pfn) {
      if (!(yield* exists('design', MEMMAP))) yield* base.pagetable_dtor.call(this, pfn);
    },
  }),
});
