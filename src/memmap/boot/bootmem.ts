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
  /** Sections without free memory: the usemaps of a node then go where memblock finds some. */
  readonly full?: readonly number[] | undefined;
}

/**
 * The section in which memblock finds memory for the usemaps of a node, undefined for none. It looks downwards from
 * `limit` to `goal`, on the node and then anywhere; then the same without the goal (memblock_alloc_internal()).
 */
function found(
  free: readonly (readonly [nr: number, nid: number])[],
  nid: number,
  goal: number,
  limit: number,
): number | undefined {
  for (const least of new Set([goal, 0])) {
    const within = free.filter(([nr]) => nr >= least && nr <= limit);
    const at = within.findLast(([, own]) => own === nid) ?? within.at(-1);
    if (at) return at[0];
  }
  return undefined;
}

/**
 * sparse_early_usemaps_alloc_pgdat_section(): first with a limit at the end of the pgdat's section. Without
 * CONFIG_MEMORY_HOTREMOVE, and where nothing checks usemaps (7.1.5), the pgdat does not matter.
 */
function usemapSection(
  world: Memmap,
  full: readonly number[],
  nid: number,
  home: number,
  withPgdat: boolean,
): number | undefined {
  const free = [...world.mem_section]
    .filter(([nr]) => !full.includes(nr))
    .map(([nr, ms]) => [nr, ms.nid] as const)
    .sort(([a], [b]) => a - b);
  if (!withPgdat) return found(free, nid, 0, Number.POSITIVE_INFINITY);
  const nidOfHome = world.mem_section.get(home)?.nid ?? nid;
  return found(free, nidOfHome, home, home) ?? found(free, nidOfHome, home, Number.POSITIVE_INFINITY);
}

/**
 * Architectures that select HAVE_BOOTMEM_INFO_NODE and register boot memory; ppc64 selects it, but nothing calls it
 * (5.2.1, 5.10.7); in 7.2.13 x86-64 alone selects it.
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
  const messages: string[] = [];
  const withPgdat = hotremove && kernel.$usemaps_go_with_pgdat();
  /** The section that holds each page of the memmaps, by address. */
  const homes = new Map<number, number>();
  for (const [nid, sections] of nodes) {
    const home = places.pgdat?.find(({ node }) => node === nid)?.section ?? sections[0]!;
    const chosen = places.full ? usemapSection(world, places.full, nid, home, withPgdat) : home;
    if (places.usemap === 'pgdat' && chosen === undefined) {
      messages.push(`sparse_init_nid: node[${nid}] usemap allocation failed`);
      for (const nr of sections)
        world.mem_section.set(nr, { ...world.mem_section.get(nr)!, flags: 0, usage: null });
      continue;
    }
    const at = (place: BootmemPlace, nr: number, pgdat: number): number =>
      place === 'pgdat' ? pgdat : place === 'own' ? nr : place;
    bootmem.pgdat.set(nid, allocate(`the pgdat of node ${nid}`, home, 1, null));
    for (const nr of sections) {
      const usemap = places.usemap === 'own' ? `the usemap of section ${nr}` : `the usemaps of node ${nid}`;
      bootmem.usemap.set(nr, allocate(usemap, at(places.usemap, nr, chosen!), 1, null));
      const { section_mem_map } = world.mem_section.get(nr)!;
      const memmap = section_mem_map + nr * c.PAGES_PER_SECTION * SIZEOF_STRUCT_PAGE;
      const keys = memmap_frames(c, memmap).map(([start, end]) => {
        const pages = (end - start) / c.PAGE_SIZE;
        const shared = c.PAGES_PER_SECTION * SIZEOF_STRUCT_PAGE < c.PAGE_SIZE;
        const what = shared
          ? `page ${(start - WINDOW) / c.PAGE_SIZE} of the memmaps`
          : `the memmap of section ${nr}`;
        const section = at(places.memmap, nr, home);
        const other = shared ? homes.get(start) : undefined;
        if (other !== undefined && other !== section)
          throw new ImpossibleMachine(`bootmem: ${what} cannot lie in sections ${other} and ${section}`);
        homes.set(start, section);
        return allocate(what, section, pages, [start, end]);
      });
      bootmem.memmap.set(nr, keys);
    }
  }
  const runner = new Runner(world);
  if (hotremove)
    for (const [nid, sections] of nodes)
      for (const nr of sections.filter((nr) => bootmem.usemap.has(nr)))
        for (const event of runner.run(kernel.check_usemap_section_nr(nid, nr)).events)
          if (event.kind === 'printk') messages.push(event.text);
  if (REGISTERS.has(c.arch))
    for (const [nid] of nodes) runner.run(kernel.register_page_bootmem_info_node(nid));
  return messages;
}
