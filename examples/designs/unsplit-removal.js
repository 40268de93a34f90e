// Memory whose removal would split a leaf is not removed.
import { defineRelease } from 'mhp';

export default defineRelease({
  name: 'unsplit-removal',
  base: 'v7.2',
  about: 'v7.2, but try_remove_memory() refuses what the notifier of 95a58852b0e5 refuses to take offline',
  'arch/arm64': (base) => ({
    *try_remove_memory(start, size) {
      const { PAGE_SIZE } = this.c;
      if (!(yield* this.can_unmap_without_split(start / PAGE_SIZE, size / PAGE_SIZE)))
        return -this.errno.EBUSY;
      return yield* base.try_remove_memory.call(this, start, size);
    },
  }),
});
