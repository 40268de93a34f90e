/**
 * The SRAT of an arm64 guest that boots by EFI (ACPI 6.5, 5.2.16). QEMU's own leaves out the second flash bank, which EDK II
 * lists as memory; the kernel then makes one node of all. It takes this table from the initramfs, in place of QEMU's:
 * Documentation/admin-guide/acpi/initrd_table_override.rst.
 */

/** Bytes. */
export interface NodeMemory {
  readonly node: number;
  readonly start: number;
  readonly size: number;
  /** Memory may come there later. */
  readonly hotplug?: true;
}

/** Where the kernel looks for it in the initramfs. */
export const SRAT_PATH = 'kernel/firmware/acpi/SRAT.aml';

/** hw/arm/virt.c, VIRT_FLASH: the second half, which has EFI's variables. */
const FLASH: NodeMemory = { node: 0, start: 0x4000000, size: 0x4000000 };

const HEADER = 36;
const ENABLED = 1;
const HOT_PLUGGABLE = 2;

function processor(node: number, cpu: number): Buffer {
  const entry = Buffer.alloc(18);
  entry.set([3, entry.length]);
  entry.writeUInt32LE(node, 2);
  entry.writeUInt32LE(cpu, 6);
  entry.writeUInt32LE(ENABLED, 10);
  return entry;
}

function memory({ node, start, size, hotplug }: NodeMemory): Buffer {
  const entry = Buffer.alloc(40);
  entry.set([1, entry.length]);
  entry.writeUInt32LE(node, 2);
  entry.writeBigUInt64LE(BigInt(start), 8);
  entry.writeBigUInt64LE(BigInt(size), 16);
  entry.writeUInt32LE(ENABLED | (hotplug ? HOT_PLUGGABLE : 0), 28);
  return entry;
}

/** @param cpus the node of each CPU, by number */
export function srat(cpus: readonly number[], ranges: readonly NodeMemory[]): Buffer {
  const head = Buffer.alloc(HEADER + 12);
  head.write('SRAT', 0, 'latin1');
  head.writeUInt8(3, 8);
  // the kernel replaces a table by one of the same maker with a higher revision
  head.write('BOCHS BXPC    ', 10, 'latin1');
  head.writeUInt32LE(2, 24);
  head.write('MHP ', 28, 'latin1');
  head.writeUInt32LE(1, 32);
  head.writeUInt32LE(1, HEADER);
  const table = Buffer.concat([head, ...cpus.map(processor), ...[FLASH, ...ranges].map(memory)]);
  table.writeUInt32LE(table.length, 4);
  table.writeUInt8((256 - (table.reduce((sum, byte) => sum + byte, 0) % 256)) % 256, 9);
  return table;
}
