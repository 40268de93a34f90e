import type { IomemEntry, Machine, ZoneInfo } from '../../machines/machine.ts';
import type { Op, UnreadOp } from '../../machines/recording/ops.ts';
import type { FileTree } from '../../machines/sources/tree.ts';

/** The machine as it was before the operations of the first step, whose folder holds the state after them. */

interface Range {
  readonly start: number;
  /** Exclusive. */
  readonly end: number;
}

const inside = ({ start, end }: Range, ranges: readonly Range[]): boolean =>
  ranges.some((range) => start >= range.start && end <= range.end);

/**
 * Whether a plug of the first step is one of a DIMM that the kernel adds then: those plugged before boot are not in the
 * firmware's memory map, ACPI's scan at boot adds them. Recorded page tables map them already.
 */
export const isAddedAtBoot = (
  { kind, cold_plugged }: { readonly kind: string; readonly cold_plugged?: boolean | undefined },
  tables: boolean,
): boolean => kind === 'dimm' && !(cold_plugged && tables);

/** Whether a step has page tables. */
export const hasTables = ({ tree }: { readonly tree: FileTree }): boolean =>
  tree.kind('tables/linear.json') === 'file';

/** DIMMs plugged in the first step. */
const pluggedIn = (ops: readonly (Op | UnreadOp)[], tables: boolean): readonly Range[] =>
  ops.flatMap((op) =>
    op.op === 'device_add' && isAddedAtBoot(op, tables) && op.addr != null
      ? [{ start: op.addr, end: op.addr + op.size }]
      : [],
  );

/** Entries of a plugged range that is not there yet, and those below them. */
function withoutRanges(iomem: readonly IomemEntry[], gone: readonly Range[]): IomemEntry[] {
  const kept: IomemEntry[] = [];
  let depth = Number.POSITIVE_INFINITY;
  for (const entry of iomem) {
    if (entry.depth > depth) continue;
    depth = inside({ start: entry.start, end: entry.end + 1 }, gone) ? entry.depth : Number.POSITIVE_INFINITY;
    if (depth === Number.POSITIVE_INFINITY) kept.push(entry);
  }
  return kept;
}

/** The zone without the pages of these ranges: they lie at its ends, or they are all of it. */
function zoneBefore(zone: ZoneInfo, gone: readonly Range[], pageSize: number): ZoneInfo {
  let [start, end] = [zone.start_pfn, zone.start_pfn + zone.spanned];
  let { present, managed } = zone;
  if (zone.present === 0) return zone;
  for (const range of gone) {
    const [from, to] = [Math.max(start, range.start / pageSize), Math.min(end, range.end / pageSize)];
    if (from >= to) continue;
    present -= to - from;
    managed -= to - from;
    if (from === start) start = to;
    else if (to === end) end = from;
  }
  return start === end
    ? { ...zone, start_pfn: 0, spanned: 0, present: 0, managed: 0, free: 0 }
    : {
        ...zone,
        start_pfn: start,
        spanned: end - start,
        present,
        managed,
        free: Math.min(zone.free, managed),
      };
}

/** Without the memory that the first step plugged. */
function unplugged(machine: Machine, gone: readonly Range[]): Machine {
  if (gone.length === 0) return machine;
  const { blocks, iomem, zones, firmware_map, ram, holes, block_size = 0 } = machine;
  const ofBlock = (id: number): Range => ({ start: id * block_size, end: (id + 1) * block_size });
  const sized = ({ start, size }: { start: number; size: number }): Range => ({ start, end: start + size });
  return {
    ...machine,
    ...(blocks && { blocks: blocks.filter(({ id }) => !inside(ofBlock(id), gone)) }),
    ...(iomem && { iomem: withoutRanges(iomem, gone) }),
    ...(zones && { zones: zones.map((zone) => zoneBefore(zone, gone, machine.page_size)) }),
    ...(firmware_map && {
      firmware_map: firmware_map.filter(({ start, end }) => !inside({ start, end: end + 1 }, gone)),
    }),
    ...(ram && { ram: ram.filter((range) => !inside(sized(range), gone)) }),
    ...(holes && { holes: holes.filter((range) => !inside(sized(range), gone)) }),
  };
}

/** Regions of which the source says no node: those of NVDIMMs that were plugged before boot. */
function withNodes(machine: Machine, ops: readonly (Op | UnreadOp)[]): Machine {
  if (!machine.nvdimm) return machine;
  const plugged = ops.flatMap((op) =>
    op.op === 'device_add' && op.kind === 'nvdimm' && op.cold_plugged ? [op] : [],
  );
  const nvdimm = machine.nvdimm.map((region) => {
    const own = plugged.find(({ addr }) => addr === region.start);
    if (region.nid >= 0 || !own) return region;
    return { ...region, nid: own.node, target_node: own.node, label_area: (own.label_size ?? 0) > 0 };
  });
  return { ...machine, nvdimm };
}

export const beforeFirstStep = (machine: Machine, ops: readonly (Op | UnreadOp)[]): Machine =>
  withNodes(unplugged(machine, pluggedIn(ops, machine.tables !== undefined)), ops);
