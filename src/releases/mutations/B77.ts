import type { Kernel } from '../../kernel/kernel.ts';
import { MHP_MEMMAP_ON_MEMORY, new_altmap } from '../../kernel/mm/memory_hotplug/add_memory.ts';
import type { Steps } from '../../steps/step.ts';
import { defineRelease } from '../define.ts';
import { v6_1 } from '../mainline/v6.1.ts';

/** B77: v5.14 to v6.6 forgot the altmap when the memory blocks could not be made. */
export const B77 = defineRelease({
  name: 'v6.1-B77',
  base: v6_1,
  about: '6.1.192 without f42ce5f087eb',
  functions: {
    *$add_sections_and_blocks(
      this: Kernel,
      nid: number,
      start: number,
      size: number,
      flags: number,
      group: number,
    ): Steps<number> {
      const on_memory = (flags & MHP_MEMMAP_ON_MEMORY) !== 0;
      if (on_memory && !this.mhp_supports_memmap_on_memory(size)) return -this.errno.EINVAL;
      const altmap = on_memory ? new_altmap(this, start, size / this.c.PAGE_SIZE) : null;
      let ret = yield* this.arch_add_memory(nid, start, size, {
        altmap,
        pgmap: 0,
        pgprot: this.c.pgprot.MHP,
      });
      if (ret < 0) return ret;
      ret = yield* this.create_memory_block_devices(start, size, altmap?.alloc ?? 0, group);
      if (ret) yield* this.arch_remove_memory(start, size, null);
      return ret;
    },
  },
});
