import type { Config } from '../../kernel/config.ts';
import {
  MEMBLOCK_DRIVER_MANAGED,
  MEMBLOCK_HOTPLUG,
  MEMBLOCK_MIRROR,
  MEMBLOCK_NOMAP,
  MEMBLOCK_RSRV_KERN,
  MEMBLOCK_RSRV_NOINIT,
  memblock_capacity,
} from '../../kernel/mm/memblock/memblock.ts';
import { memblock_array } from '../../kernel/mm/memblock/slots.ts';
import { MEMBLOCK_MEMORY, MEMBLOCK_RESERVED, type memblock_region, type State } from '../../kernel/state.ts';
import type { Machine, MemblockRegion } from '../../machines/machine.ts';

const flagBits: Readonly<Record<string, number>> = {
  HOTPLUG: MEMBLOCK_HOTPLUG,
  MIRROR: MEMBLOCK_MIRROR,
  NOMAP: MEMBLOCK_NOMAP,
  DRV_MNG: MEMBLOCK_DRIVER_MANAGED,
  RSV_NIT: MEMBLOCK_RSRV_NOINIT,
  RSRV_NOINIT: MEMBLOCK_RSRV_NOINIT,
  RSV_KERN: MEMBLOCK_RSRV_KERN,
  RSRV_KERN: MEMBLOCK_RSRV_KERN,
};

/** The node of a physical address. */
export type NodeOf = (phys: number) => number;

/** The node whose zones span the pfn, else the node of the RAM range or block that holds it, else node 0. */
export function nodeOf(machine: Machine, c: Config): NodeOf {
  const zones = (machine.zones ?? []).filter((zone) => zone.present > 0);
  const blocks = new Map((machine.blocks ?? []).map((block) => [block.id, block.nids]));
  return (phys) => {
    const pfn = Math.floor(phys / c.PAGE_SIZE);
    const own = blocks.get(Math.floor(phys / c.memory_block_size_bytes));
    if (own?.length === 1) return own[0]!;
    const zone = zones.find((z) => pfn >= z.start_pfn && pfn < z.start_pfn + z.spanned);
    if (zone) return zone.nid;
    const ram = machine.ram?.find((r) => phys >= r.start && phys < r.start + r.size);
    return ram?.nid ?? own?.[0] ?? 0;
  };
}

/** The flags of a region of memory whose source does not tell them: what /proc/iomem says of its first whole page. */
function flagsByIomem(machine: Machine, c: Config, start: number, marksDrivers: boolean): number {
  if (!machine.iomem) return 0;
  const page = Math.ceil(start / c.PAGE_SIZE) * c.PAGE_SIZE;
  const ram = machine.iomem.find(
    (entry) => page >= entry.start && page <= entry.end && entry.name.startsWith('System RAM'),
  );
  if (!ram) return MEMBLOCK_NOMAP;
  return marksDrivers && ram.name !== 'System RAM' ? MEMBLOCK_DRIVER_MANAGED : 0;
}

function regionOf(r: MemblockRegion, nid: number, flags: number): memblock_region {
  const known = r.flags?.reduce((bits, name) => bits | (flagBits[name] ?? 0), 0);
  return { base: r.start, size: r.end - r.start + 1, nid: r.nid ?? nid, flags: known ?? flags };
}

/** RAM less the firmware's holes: a hole is not memory, and a section that lies in a hole does not exist. */
function regionsOfRam(machine: Machine): memblock_region[] {
  const holes = [...(machine.holes ?? [])].sort((a, b) => a.start - b.start);
  const regions: memblock_region[] = [];
  for (const ram of [...(machine.ram ?? [])].sort((a, b) => a.start - b.start)) {
    const end = ram.start + ram.size;
    const flags = (ram.hotpluggable ? MEMBLOCK_HOTPLUG : 0) | (ram.mirrored ? MEMBLOCK_MIRROR : 0);
    let at = ram.start;
    const push = (stop: number): void => {
      if (stop > at) regions.push({ base: at, size: stop - at, nid: ram.nid, flags });
    };
    for (const hole of holes) {
      if (hole.start >= end || hole.start + hole.size <= at) continue;
      push(hole.start);
      at = hole.start + hole.size;
    }
    push(end);
  }
  return regions;
}

/** memblock after boot: as debugfs showed it, else the RAM. `marksDrivers`: whether the release has MEMBLOCK_DRIVER_MANAGED. */
export function bootMemblock(
  machine: Machine,
  c: Config,
  nidOf: NodeOf,
  marksDrivers: boolean,
  state: State,
): void {
  const memory =
    machine.memblock?.memory.map((r) =>
      regionOf(r, nidOf(r.start), flagsByIomem(machine, c, r.start, marksDrivers)),
    ) ?? regionsOfRam(machine);
  const reserved = (machine.memblock?.reserved ?? []).map((r) => regionOf(r, -1, 0));
  const afterBoot = (regions: readonly memblock_region[], built: number) =>
    memblock_array(regions, memblock_capacity(regions.length, built));
  state.memblock_type.set(MEMBLOCK_MEMORY, afterBoot(memory, c.INIT_MEMBLOCK_MEMORY_REGIONS));
  state.memblock_type.set(MEMBLOCK_RESERVED, afterBoot(reserved, c.INIT_MEMBLOCK_RESERVED_REGIONS));
}
