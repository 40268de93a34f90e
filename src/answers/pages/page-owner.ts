/** /sys/kernel/debug/page_owner: mm/page_owner.c, print_page_owner() of 5.10.262, 6.1.192, 6.12.117, 7.2.13. */

/** Pages of one memory block that cannot move, by who has allocated them. */
export type Owners = ReadonlyMap<string, number>;

/** 5.10 names no process. A name may hold anything but a NUL: "(sd-pam)", "a), ts 1 ns". */
const HEAD =
  /^Page allocated via order (\d{1,2}), mask 0x[0-9a-f]+\([^)]*\)(?:, pid \d+(?:, tgid \d+ \((.*)\))?, ts \d+ ns(?:, free_ts \d+ ns)?)?$/;
/** Decimal in 5.10.262 and 6.1.192, with 0x in 6.12.117 and 7.2.13. The kind is that of the allocation, not of the pageblock. */
const PFN = /^PFN (0x[0-9a-f]+|\d+) type (\w+) Block /;
/** Symbols of Rust have a "$". */
const FRAME = /^ ([\w.$]+)\+0x[0-9a-f]+\/0x[0-9a-f]+/;

/** Functions that allocate for others. */
const ALLOCATOR =
  /^(__)?(set_page_owner|reset_page_owner|prep_new_page|post_alloc_hook|get_page_from_freelist|alloc_pages?(_\w+)?|__alloc_pages(_\w+)?|__get_free_pages|get_free_pages|get_zeroed_page|folio_alloc(_\w+)?|vma_alloc_folio|alloc_slab_page|allocate_slab|new_slab|___slab_alloc|slab_alloc(_node)?|kmem_cache_alloc(_\w+)?|kmalloc(_\w+)?|kmalloc_order(_trace)?|kvmalloc_node(_\w+)?|vmalloc(_\w+)?|register_early_stack|save_stack|alloc_frozen_pages\w*|pagetable_alloc\w*)(_noprof)?(\.\w+)*$/;

/**
 * Sums up the entries of a file by memory block: "slab_caller (comm)" to pages. Movable pages are left out.
 * @param lines of the file, in order
 * @param perBlock pages of a memory block
 */
export function ownersByBlock(lines: Iterable<string>, perBlock: number): Map<number, Map<string, number>> {
  const blocks = new Map<number, Map<string, number>>();
  let order = -1;
  let comm = '';
  let pfn = -1;
  const end = (name: string): void => {
    if (pfn >= 0) {
      const block = Math.floor(pfn / perBlock);
      const own = blocks.get(block) ?? new Map<string, number>();
      blocks.set(block, own);
      const key = comm === '' ? name : `${name} (${comm})`;
      own.set(key, (own.get(key) ?? 0) + 2 ** order);
    }
    pfn = -1;
  };
  for (const line of lines) {
    const head = HEAD.exec(line);
    if (head) {
      end('unknown');
      order = Number(head[1]);
      comm = head[2] ?? '';
      continue;
    }
    const place = PFN.exec(line);
    if (place) {
      if (order >= 0 && place[2] !== 'Movable') pfn = Number(place[1]);
      continue;
    }
    const frame = pfn >= 0 ? FRAME.exec(line)?.[1] : undefined;
    if (frame !== undefined && !ALLOCATOR.test(frame)) end(`${frame}()`);
  }
  end('unknown');
  return blocks;
}

/** The greatest, in order. */
export const greatest = (owners: Owners, most: number): { name: string; pages: number }[] =>
  [...owners]
    .map(([name, pages]) => ({ name, pages }))
    .sort((a, b) => b.pages - a.pages || (a.name < b.name ? -1 : 1))
    .slice(0, most);
