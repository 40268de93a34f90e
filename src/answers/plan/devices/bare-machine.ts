import type { Machine, Node, RamRange } from '../../../machines/machine.ts';

/** A machine without its memory devices, on which these can be set up anew. */

/** Bytes. */
export interface Range {
  readonly start: number;
  readonly size: number;
}

const endOf = ({ start, size }: Range): number => start + size;

export const overlap = (a: Range, b: Range): boolean => a.start < endOf(b) && b.start < endOf(a);

/** The parts of a range that no other covers. */
function without<T extends Range>(range: T, others: readonly Range[]): T[] {
  const parts: T[] = [];
  let at = range.start;
  for (const other of [...others].sort((a, b) => a.start - b.start)) {
    if (!overlap(range, other)) continue;
    if (other.start > at) parts.push({ ...range, start: at, size: other.start - at });
    at = Math.max(at, endOf(other));
  }
  if (at < endOf(range)) parts.push({ ...range, start: at, size: endOf(range) - at });
  return parts;
}

/** RAM as it is known: of /proc/iomem or the boot, else whole memory blocks. */
function ramOf({ ram, blocks = [] }: Machine, blockSize: number): readonly RamRange[] {
  if (ram?.length) return ram;
  const found: { start: number; size: number; nid: number }[] = [];
  for (const { id, nids } of blocks) {
    const last = found.at(-1);
    const nid = nids[0] ?? 0;
    if (last && last.nid === nid && endOf(last) === id * blockSize) last.size += blockSize;
    else found.push({ start: id * blockSize, size: blockSize, nid });
  }
  return found;
}

/**
 * The machine as it boots without the devices: its RAM, its nodes, all of them online, and its build options.
 * @param blockSize bytes of its memory blocks
 */
export function bareMachine(machine: Machine, blockSize: number, devices: readonly Range[]): Machine {
  const { source, arch, page_size, va_bits, memstart_addr, cmdline, config, guest, hypervisor } = machine;
  const ram = ramOf(machine, blockSize).flatMap((range) => without(range, devices));
  const nodes = machine.nodes?.map((node): Node => ({ ...node, online: true }));
  return {
    source,
    arch,
    page_size,
    ...(va_bits !== undefined && { va_bits }),
    ...(memstart_addr !== undefined && { memstart_addr }),
    // regions that an option carves out of RAM are among the devices
    ...(cmdline !== undefined && { cmdline: cmdline.replaceAll(/(?<=^|\s)memmap=\S*!\S*/g, '') }),
    ...(machine.block_size !== undefined && { block_size: machine.block_size }),
    ...(config && { config }),
    ...(guest !== undefined && { guest }),
    ...(hypervisor && { hypervisor }),
    ...(nodes && { nodes }),
    ram,
    missing: [],
  };
}
