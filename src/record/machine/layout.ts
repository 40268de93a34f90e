import { InputError } from '../../errors/input-error.ts';
import type { Arch } from '../../geometry/sizes.ts';
import type { Machine } from '../../machines/machine.ts';

/** Where QEMU places the memory of a machine. All addresses and sizes are bytes. */

/** RAM of one node; QEMU takes it from one backing file, in pieces. */
export interface NodeRam {
  readonly node: number;
  readonly size: number;
  /** The pieces in order of their place in the backing file. */
  readonly pieces: readonly { readonly start: number; readonly size: number }[];
}

export interface Layout {
  readonly ram: readonly NodeRam[];
  /** x86-64: where the RAM below 4 GiB ends. */
  readonly low: number;
  /** The first address at which memory devices may lie. */
  readonly device_base: number;
}

const G = 2 ** 30;
const ABOVE = 4 * G;
/** hw/i386/pc_q35.c: what lies below 4 GiB unless max-ram-below-4g says less. */
const Q35_LOW = 0xb0000000;
/** hw/arm/virt.c: VIRT_MEM. */
const VIRT_RAM = G;

const hex = (n: number): string => `0x${n.toString(16)}`;
const roundUp = (n: number, unit: number): number => Math.ceil(n / unit) * unit;

/** The layout that a machine of QEMU gives to these nodes' RAM, node after node. */
function layoutOf(arch: Arch, sizes: ReadonlyMap<number, number>, low: number): Layout {
  const total = [...sizes.values()].reduce((sum, size) => sum + size, 0);
  let at = 0;
  const ram = [...sizes].map(([node, size]): NodeRam => {
    const pieces: { start: number; size: number }[] = [];
    for (let left = size; left > 0; ) {
      const inLow = arch === 'arm64' || at < low;
      const part = inLow && arch === 'x86_64' ? Math.min(left, low - at) : left;
      const start = arch === 'arm64' ? VIRT_RAM + at : inLow ? at : ABOVE + at - low;
      pieces.push({ start, size: part });
      left -= part;
      at += part;
    }
    return { node, size, pieces };
  });
  const end = arch === 'arm64' ? VIRT_RAM + total : ABOVE + Math.max(0, total - low);
  return { ram, low, device_base: roundUp(end, G) };
}

/** Ranges that continue each other on one node, merged. */
function merged<R extends { readonly start: number; readonly size: number; readonly nid: number }>(
  ranges: readonly R[],
): { start: number; size: number; nid: number }[] {
  const list: { start: number; size: number; nid: number }[] = [];
  for (const { start, size, nid } of [...ranges].sort((a, b) => a.start - b.start)) {
    const last = list.at(-1);
    if (last && last.nid === nid && last.start + last.size === start) last.size += size;
    else list.push({ start, size, nid });
  }
  return list;
}

const told = (ranges: readonly { start: number; size: number; nid: number }[]): string =>
  ranges.map(({ start, size, nid }) => `${hex(start)}+${hex(size)} on node ${nid}`).join(', ');

/**
 * The layout of a scenario's machine.
 * @throws InputError if QEMU cannot place its RAM so; it says how QEMU would place it
 */
export function placeRam({ source, arch, ram, nodes = [] }: Machine): Layout {
  const wanted = merged(ram ?? []);
  if (wanted.length === 0) throw new InputError(source, 'machine.ram', 'is unknown: QEMU cannot be given it');
  const special = ram!.find(({ hotpluggable, mirrored }) => hotpluggable || mirrored);
  if (special)
    throw new InputError(
      source,
      'machine.ram',
      `${hex(special.start)} is ${special.mirrored ? 'mirrored' : 'hot-pluggable'} for the firmware, which QEMU cannot say of boot memory`,
    );
  const sizes = new Map<number, number>();
  for (const { nid } of nodes) sizes.set(nid, 0);
  for (const { nid, size } of wanted) sizes.set(nid, (sizes.get(nid) ?? 0) + size);
  const ordered = new Map([...sizes].filter(([, size]) => size > 0).sort(([a], [b]) => a - b));
  const below = wanted.filter(({ start }) => start < ABOVE).reduce((sum, { size }) => sum + size, 0);
  const layout = layoutOf(arch, ordered, Math.min(below, Q35_LOW));
  const placed = merged(
    layout.ram.flatMap(({ node, pieces }) => pieces.map((one) => ({ ...one, nid: node }))),
  );
  if (told(placed) !== told(wanted))
    throw new InputError(
      source,
      'machine.ram',
      `is ${told(wanted)}; QEMU's ${arch === 'arm64' ? 'virt' : 'q35'} would have ${told(placed)}`,
    );
  return layout;
}
