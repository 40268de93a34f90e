import { v5_2 } from '../../kernel/drivers/base/memory/sysfs.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import { PageReserved, page_use, USE, with_use } from '../../kernel/mm/page.ts';
import type { State } from '../../kernel/state.ts';
import type { Machine } from '../../machines/machine.ts';

/**
 * In a kernel that looks for unmovable pages, an online block whose `removable` file says 0 has one. Which one the
 * source does not say: the first free page is taken. Returns a note if there are such blocks.
 */
export function bootUnremovable(machine: Machine, k: Kernel, state: State): string[] {
  if (k.removable_show !== v5_2.removable_show || !k.c.MEMORY_HOTREMOVE) return [];
  const pages = k.c.memory_block_size_bytes / k.c.PAGE_SIZE;
  const blocks = (machine.blocks ?? []).filter(
    (block) => block.state === 'online' && block.removable === false,
  );
  let assumed = 0;
  for (const { id } of blocks) {
    const first = [...state.pages.in(id * pages, (id + 1) * pages)].find(
      ({ value }) => page_use(value) === USE.FREE && !PageReserved(value),
    );
    if (first === undefined) continue;
    state.pages.update(first.start, first.start + 1, (page) => with_use(page, USE.UNMOVABLE));
    assumed++;
  }
  return assumed === 0
    ? []
    : [
        `${assumed} online ${assumed === 1 ? 'block is' : 'blocks are'} not removable: the first free page of each is taken as unmovable`,
      ];
}
