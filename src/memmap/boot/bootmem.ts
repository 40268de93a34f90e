import { ImpossibleMachine } from '../../errors/impossible-machine.ts';
import { Runner } from '../../schedule/runner.ts';
import { memmap_frames } from '../kernel/bootmem_info.ts';
import { is_classic, is_sparse, SIZEOF_STRUCT_PAGE, WINDOW } from '../kernel/config.ts';
import type { MemKernel } from '../kernel/functions.ts';
import type { BootPages, Memmap } from '../kernel/world.ts';

/** A section by number, the section of the node's pgdat, or the section itself. */
export type BootmemPlace = 'pgdat' | 'own' | number;

/** The sections in which boot memory places a node's pgdat, and its sections' usemaps and memmaps. */
export interface BootmemPlaces {
  readonly pgdat?: readonly { readonly node: number; readonly section: number }[] | undefined;
  readonly usemap: BootmemPlace;
  readonly memmap: BootmemPlace;
}

/**
 * Architectures that select HAVE_BOOTMEM_INFO_NODE and register boot memory; ppc64 selects it, but nothing calls it
 * (5.2.1, 5.10.7, 7.1.5).
 */
const REGISTERS: ReadonlySet<string> = new Set(['x86_64', 'tiny']);

/** Places, checks and registers boot memory; returns the messages. @throws ImpossibleMachine */
export function bootBootmem(
  world: Memmap,
  kernel: MemKernel,
  places: BootmemPlaces,
  hotremove: boolean,
): string[] {
  const { c } = kernel;
  if (!is_sparse(c.memory_model)) throw new ImpossibleMachine(`bootmem: ${c.memory_model} has no sections`);
  if (!is_classic(c.memory_model) && c.PAGES_PER_SECTION * SIZEOF_STRUCT_PAGE < c.PAGE_SIZE)
    throw new ImpossibleMachine('bootmem: vmemmap pages that sections share are not modelled');
  const all = [...world.mem_section].sort(([a], [b]) => a - b);
  const nids = [...new Set(all.map(([, { nid }]) => nid))].sort((a, b) => a - b);
  const nodes = nids.map((nid) => [nid, all.filter(([, ms]) => ms.nid === nid).map(([nr]) => nr)] as const);
  const bootmem: NonNullable<Memmap['bootmem']> = {
    pages: new Map(),
    pgdat: new Map(),
    usemap: new Map(),
    memmap: new Map(),
    notes: [],
    old_usemap_snr: 0,
    old_pgdat_snr: 0,
  };
  world.bootmem = bootmem;
  const allocate = (what: string, section: number, pages: number, memmap: BootPages['memmap']): string => {
    if (!world.mem_section.has(section))
      throw new ImpossibleMachine(`bootmem: there is no section ${section} for ${what}`);
    const key = `${what} in ${section}`;
    if (!bootmem.pages.has(key))
      bootmem.pages.set(key, { what, section, pages, memmap, count: 1, type: null, info: 0, freed: false });
    return key;
  };
  /** The section that holds each page of the memmaps, by address. */
  const homes = new Map<number, number>();
  for (const [nid, sections] of nodes) {
    const home = places.pgdat?.find(({ node }) => node === nid)?.section ?? sections[0]!;
    const at = (place: BootmemPlace, nr: number): number =>
      place === 'pgdat' ? home : place === 'own' ? nr : place;
    bootmem.pgdat.set(nid, allocate(`the pgdat of node ${nid}`, home, 1, null));
    for (const nr of sections) {
      const usemap = places.usemap === 'own' ? `the usemap of section ${nr}` : `the usemaps of node ${nid}`;
      bootmem.usemap.set(nr, allocate(usemap, at(places.usemap, nr), 1, null));
      const { section_mem_map } = world.mem_section.get(nr)!;
      const memmap = section_mem_map + nr * c.PAGES_PER_SECTION * SIZEOF_STRUCT_PAGE;
      const keys = memmap_frames(c, memmap).map(([start, end]) => {
        const pages = (end - start) / c.PAGE_SIZE;
        const shared = c.PAGES_PER_SECTION * SIZEOF_STRUCT_PAGE < c.PAGE_SIZE;
        const what = shared
          ? `page ${(start - WINDOW) / c.PAGE_SIZE} of the memmaps`
          : `the memmap of section ${nr}`;
        const section = at(places.memmap, nr);
        const other = shared ? homes.get(start) : undefined;
        if (other !== undefined && other !== section)
          throw new ImpossibleMachine(`bootmem: ${what} cannot lie in sections ${other} and ${section}`);
        homes.set(start, section);
        return allocate(what, section, pages, [start, end]);
      });
      bootmem.memmap.set(nr, keys);
    }
  }
  const messages: string[] = [];
  const runner = new Runner(world);
  if (hotremove)
    for (const [nid, sections] of nodes)
      for (const nr of sections)
        for (const event of runner.run(kernel.check_usemap_section_nr(nid, nr)).events)
          if (event.kind === 'printk') messages.push(event.text);
  if (REGISTERS.has(c.arch))
    for (const [nid] of nodes) runner.run(kernel.register_page_bootmem_info_node(nid));
  return messages;
}
