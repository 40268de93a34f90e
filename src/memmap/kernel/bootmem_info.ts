import { pr_info } from '../../kernel/ops.ts';
import type { Steps } from '../../steps/step.ts';
import { is_classic, type MemConfig, page_add, SIZEOF_STRUCT_PAGE } from './config.ts';
import type { MemKernel } from './functions.ts';
import { type BootmemType, type BootPages, change, look, type Memmap, operation } from './world.ts';

/**
 * Boot memory allocated for sections, and its registered users: mm/bootmem_info.c, before v5.13 in mm/memory_hotplug.c,
 * and the check of usemaps in mm/sparse.c (5.2.1, 5.10.7; 7.2.13 has no such check).
 */

const pages_of = operation({
  name: 'pages_of',
  writes: false,
  run: (world: Memmap, key: string): BootPages => world.bootmem!.pages.get(key)!,
});
const keys_of = operation({
  name: 'keys_of',
  writes: false,
  run: (world: Memmap, what: 'pgdat' | 'usemap', id: number): readonly string[] => {
    const key = world.bootmem?.[what].get(id);
    return key === undefined ? [] : [key];
  },
});
const memmap_keys = operation({
  name: 'memmap_keys',
  writes: false,
  run: (world: Memmap, nr: number): readonly string[] => world.bootmem?.memmap.get(nr) ?? [],
});
const nid_of = operation({
  name: 'nid_of',
  writes: false,
  run: (world: Memmap, nr: number): number => world.mem_section.get(nr)?.nid ?? 0,
});
const sections_of = operation({
  name: 'sections_of',
  writes: false,
  run: (world: Memmap, nid: number): number[] =>
    [...world.mem_section].filter(([, ms]) => ms.nid === nid).map(([nr]) => nr),
});

const get = operation({
  name: 'get',
  writes: true,
  run(world: Memmap, key: string, info: number, type: BootmemType): void {
    Object.assign(pages_of.run(world, key), { info, type });
    pages_of.run(world, key).count++;
  },
});

/** free_reserved_page() of all of them: the memory is free for any use. */
const release = operation({
  name: 'release',
  writes: true,
  run(world: Memmap, key: string): void {
    const it = pages_of.run(world, key);
    it.freed = true;
    if (it.memmap)
      for (const { start, end, value } of [...world.places.in(...it.memmap)])
        if (typeof value === 'number') world.places.set(start, end, 'freed memory (once a memmap)');
    world.bootmem!.notes.push(`${it.what}: ${it.pages} pages of section ${it.section} freed`);
  },
});

const put = operation({
  name: 'put',
  writes: true,
  run(world: Memmap, key: string): void {
    const it = pages_of.run(world, key);
    it.count--;
    if (it.count > 1) world.bootmem!.notes.push(`${it.what}: stays, ${it.count - 1} more registered`);
    else release.run(world, key);
  },
});

const note = operation({
  name: 'note',
  writes: true,
  run: (world: Memmap, text: string): void => {
    world.bootmem!.notes.push(text);
  },
});

/** The memmap has no user any more: it is kept, not leaked. */
const forget = operation({
  name: 'forget',
  writes: true,
  run: (world: Memmap, memmap: number): void => {
    world.maps.delete(memmap);
  },
});

const told = operation({
  name: 'told',
  writes: true,
  run(world: Memmap, c: MemConfig, usemap_snr: number, pgdat_snr: number): boolean {
    const bootmem = world.bootmem!;
    if (!bootmem.old_usemap_snr) {
      bootmem.old_usemap_snr = c.NR_MEM_SECTIONS;
      bootmem.old_pgdat_snr = c.NR_MEM_SECTIONS;
    }
    if (usemap_snr === pgdat_snr) return true;
    if (bootmem.old_usemap_snr === usemap_snr && bootmem.old_pgdat_snr === pgdat_snr) return true;
    bootmem.old_usemap_snr = usemap_snr;
    bootmem.old_pgdat_snr = pgdat_snr;
    return false;
  },
});

const BAD_TYPE = 'BUG_ON(type < MEMORY_HOTPLUG_MIN_BOOTMEM_TYPE || type > MEMORY_HOTPLUG_MAX_BOOTMEM_TYPE)';

export const v5_2 = {
  /** sparse_early_usemaps_alloc_pgdat_section(), with CONFIG_MEMORY_HOTREMOVE. */
  $usemaps_go_with_pgdat(this: MemKernel): boolean {
    return true;
  },

  /**
   * With CONFIG_MEMORY_HOTREMOVE: a usemap outside the section of its node's pgdat makes sections depend on each other.
   */
  *check_usemap_section_nr(this: MemKernel, nid: number, nr: number): Steps<void> {
    const [usemap] = yield* look(keys_of, 'usemap', nr);
    const [pgdat] = yield* look(keys_of, 'pgdat', nid);
    const usemap_snr = (yield* look(pages_of, usemap!)).section;
    const pgdat_snr = (yield* look(pages_of, pgdat!)).section;
    if (yield* change(told, this.c, usemap_snr, pgdat_snr)) return;
    if ((yield* look(nid_of, usemap_snr)) !== nid)
      yield* pr_info(`node ${nid} must be removed before remove section ${usemap_snr}`);
    else
      yield* pr_info(
        `Section ${usemap_snr} and ${pgdat_snr} (node ${nid}) have a circular dependency on usemap and pgdat allocations`,
      );
  },

  *get_page_bootmem(this: MemKernel, info: number, key: string, type: BootmemType): Steps<void> {
    yield* change(get, key, info, type);
  },

  *put_page_bootmem(this: MemKernel, key: string): Steps<void> {
    if ((yield* look(pages_of, key)).type === null)
      yield { op: 'bug', where: 'put_page_bootmem', text: BAD_TYPE };
    yield* change(put, key);
  },

  *register_page_bootmem_info_node(this: MemKernel, nid: number): Steps<void> {
    for (const key of yield* look(keys_of, 'pgdat', nid)) yield* this.get_page_bootmem(nid, key, 'NODE_INFO');
    for (const nr of yield* look(sections_of, nid)) {
      for (const key of yield* look(memmap_keys, nr)) yield* this.get_page_bootmem(nr, key, 'SECTION_INFO');
      for (const key of yield* look(keys_of, 'usemap', nr))
        yield* this.get_page_bootmem(nr, key, 'MIX_SECTION_INFO');
    }
  },

  /**
   * Frees the pages of an early section's memmap. Classic SPARSEMEM keeps pages that lie in the section that registered
   * last, which is assumed to be the one removed; if nothing is registered, that is section 0, and a BUG elsewhere.
   * VMEMMAP frees all pages.
   */
  *$free_bootmem_memmap(this: MemKernel, nr: number, memmap: number): Steps<void> {
    const classic = is_classic(this.c.memory_model);
    if (classic) yield* change(forget, memmap);
    for (const key of yield* look(memmap_keys, nr)) {
      const { what, section, info, type } = yield* look(pages_of, key);
      if (classic && section === info)
        yield* change(note, `${what}: stays, it lies in section ${section}, the one it is registered for`);
      else if (classic || type !== null) yield* this.put_page_bootmem(key);
      else yield* change(release, key);
    }
  },
};

export const v7_1 = {
  $usemaps_go_with_pgdat(this: MemKernel): boolean {
    return false;
  },

  /** Usemaps are allocated without regard to the pgdat, and nothing checks them. */
  *check_usemap_section_nr(this: MemKernel, _nid: number, _nr: number): Steps<void> {},
};

/** Pages that hold the struct pages of a section: whole pages separately, partly used pages together. */
export function memmap_frames(c: MemConfig, at: number): readonly (readonly [number, number])[] {
  const end = page_add(at, c.PAGES_PER_SECTION);
  if (c.PAGES_PER_SECTION * SIZEOF_STRUCT_PAGE >= c.PAGE_SIZE) return [[at, end]];
  const first = Math.floor(at / c.PAGE_SIZE) * c.PAGE_SIZE;
  const frames: [number, number][] = [];
  for (let frame = first; frame < end; frame += c.PAGE_SIZE) frames.push([frame, frame + c.PAGE_SIZE]);
  return frames;
}
