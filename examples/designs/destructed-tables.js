// free_pagetable() runs the destructor on a table that had a constructor, as its page type tells.
import { alloc, defineRelease, exists, free } from 'mhp';

export default defineRelease({
  name: 'destructed-tables',
  base: 'v7.2',
  about: 'v7.2, but free_pagetable() of x86-64 runs the destructor on a table that had a constructor',
  'arch/x86': (base) => ({
    *free_pagetable(pfn, order) {
      if (yield* exists('design', pfn)) yield* this.pagetable_dtor(pfn);
      return yield* base.free_pagetable.call(this, pfn, order);
    },
  }),
  functions: (base) => ({
    *__pagetable_ctor(pfn) {
      yield* base.__pagetable_ctor.call(this, pfn);
      yield* alloc('design', pfn, {});
    },
    *pagetable_dtor(pfn) {
      if (yield* exists('design', pfn)) yield* free('design', pfn);
      yield* base.pagetable_dtor.call(this, pfn);
    },
  }),
});
