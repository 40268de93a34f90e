import { addedEntries } from '../../boot/memory/sections.ts';
import type { resource } from '../../kernel/state.ts';
import type { FirmwareMapEntry, Machine } from '../../machines/machine.ts';
import { MEMORY_DIR } from '../../machines/readers/block-dirs.ts';
import type { AskedMachine } from '../machine.ts';

export type OwnerKind = 'dimm' | 'dax' | 'cxl' | 'virtio-mem' | 'balloon' | 'pmem' | 'boot' | 'added';

/** Whose memory a range is. */
export interface Owner {
  readonly kind: OwnerKind;
  /** The device: PNP0C80:00, dax0.0, region0, virtio0; null for memory of the boot, or if nothing names it. */
  readonly device: string | null;
  /** The resources of /proc/iomem around it, the outermost first. */
  readonly resources: readonly string[];
  /** The ranges of the firmware's map that it lies in, or of the RAM that the kernel found when it booted. */
  readonly firmware: readonly Reservation[];
  /** What the kernel or the firmware keeps in it: Kernel code, Crash kernel, reserved. */
  readonly reservations: readonly Reservation[];
}

/** Bytes. */
export interface Reservation {
  readonly name: string;
  readonly start: number;
  readonly size: number;
}

/** The chain of resources that hold an address. */
function chain(root: resource, address: number): resource[] {
  const found: resource[] = [];
  for (let level = root.children; ; ) {
    const next = level.find(({ start, end }) => start <= address && address <= end);
    if (!next) return found;
    found.push(next);
    level = next.children;
  }
}

/** What lies below System RAM, or is no RAM at all, in a range. */
function reservations(root: resource, start: number, size: number): Reservation[] {
  const found: Reservation[] = [];
  const walk = (res: resource, inRam: boolean): void => {
    for (const child of res.children) {
      if (child.end < start || child.start >= start + size) continue;
      const isRam = child.name.startsWith('System RAM');
      const from = Math.max(child.start, start);
      const to = Math.min(child.end + 1, start + size);
      const holdsRam = child.children.some(({ name }) => name.startsWith('System RAM'));
      if (inRam || (!isRam && !holdsRam && child.children.length === 0))
        found.push({ name: child.name, start: from, size: to - from });
      if (!inRam) walk(child, isRam);
    }
  };
  walk(root, false);
  return found;
}

/** The device of the firmware to which a block's directory links: PNP0C80:00. */
function firmwareDevice({ tree }: AskedMachine, block: number): string | null {
  const target = tree?.readlink(`${MEMORY_DIR}/memory${block}/firmware_node`);
  return target === undefined ? null : (target.split('/').at(-1) ?? null);
}

const DEVICES: readonly (readonly [RegExp, OwnerKind])[] = [
  [/^virtio\d+$/, 'virtio-mem'],
  [/^dax\d+\.\d+$/, 'dax'],
  [/^region\d+$/, 'cxl'],
  [/^CXL Window/, 'cxl'],
  [/^(?:System RAM \(kmem\)|Soft Reserved)$/, 'dax'],
  [/^System RAM \(virtio_mem\)$/, 'virtio-mem'],
  [/^Persistent Memory/, 'pmem'],
];

/** The owner of a memory block. */
export function ownerOf(asked: AskedMachine, block: number): Owner {
  const { session, machine } = asked;
  const { c } = session.kernel;
  const size = c.memory_block_size_bytes;
  const start = block * size;
  const root = session.state.iomem_resource;
  const resources = [start, start + size - 1]
    .map((at) => chain(root, at))
    .reduce((a, b) => (b.length > a.length ? b : a));
  const names = resources.map(({ name }) => name);
  const kept = reservations(root, start, size);
  const known = { resources: names, firmware: firmwareRanges(machine, start, size), reservations: kept };
  for (const name of [...names].reverse()) {
    const kind = DEVICES.find(([pattern]) => pattern.test(name))?.[1];
    if (kind === undefined || /^System RAM/.test(name)) continue;
    return { kind, device: name, ...known };
  }
  const kind = names.map((name) => DEVICES.find(([pattern]) => pattern.test(name))?.[1]).find((one) => one);
  if (kind) return { kind, device: null, ...known };
  const firmware = firmwareDevice(asked, block);
  const atBoot = machine.boot_ram?.some((ram) => ram.start < start + size && ram.start + ram.size > start);
  if (firmware !== null && atBoot !== true) return { kind: 'dimm', device: firmware, ...known };
  const added =
    atBoot === false || (machine.firmware_map && !inFirmwareMap(machine.firmware_map, start, size));
  return { kind: added ? 'added' : 'boot', device: firmware, ...known };
}

/** Without what was added after the boot. */
function firmwareRanges({ firmware_map, boot_ram }: Machine, start: number, size: number): Reservation[] {
  const later = new Set(firmware_map ? addedEntries(firmware_map) : []);
  const all = firmware_map
    ? firmware_map
        .filter((entry) => !later.has(entry))
        .map((entry) => ({ name: entry.type, start: entry.start, size: entry.end + 1 - entry.start }))
    : (boot_ram ?? []).map((ram) => ({ name: `RAM of node ${ram.nid}`, start: ram.start, size: ram.size }));
  return all.filter((one) => one.start < start + size && one.start + one.size > start);
}

/** x86: whether the firmware's map has the range as memory of the boot. */
function inFirmwareMap(map: readonly FirmwareMapEntry[], start: number, size: number): boolean {
  const later = new Set(addedEntries(map));
  return map.some((entry) => !later.has(entry) && entry.start < start + size && entry.end >= start);
}
