import type { AddRequest } from './add-request.ts';

/** A command to type: where, and what. */
export interface Command {
  readonly where: 'guest' | 'QEMU monitor' | 'virsh' | 'Firecracker' | 'Cloud Hypervisor' | 'host';
  readonly command: string;
}

const hex = (n: number): string => `0x${n.toString(16)}`;
const mib = (n: number): number => Math.ceil(n / 2 ** 20);

/** Hosts by the names that --host takes. */
export const HOSTS = ['qemu', 'libvirt', 'firecracker', 'cloud-hypervisor', 'bare-metal'] as const;

/** The commands that add the memory and bring it online, for the hosts that can have the kind of device. */
export function commandsFor(
  { kind, size, node, host }: AddRequest,
  start: number,
  blocks: readonly number[],
  blockSize: number,
): Command[] {
  const commands: Command[] = [];
  const add = (name: (typeof HOSTS)[number], where: Command['where'], ...lines: readonly string[]): void => {
    if (host === undefined || host === name) commands.push(...lines.map((command) => ({ where, command })));
  };
  if (kind === 'dimm') {
    add(
      'qemu',
      'QEMU monitor',
      `object_add memory-backend-ram,id=mem-new,size=${size}`,
      `device_add pc-dimm,id=dimm-new,memdev=mem-new,node=${node},addr=${hex(start)}`,
    );
    add(
      'libvirt',
      'virsh',
      `attach-device DOMAIN dimm.xml --live   # <memory model='dimm'><target><size unit='MiB'>${mib(size)}</size><node>${node}</node></target></memory>`,
    );
  }
  if (kind === 'virtio-mem') {
    add(
      'qemu',
      'QEMU monitor',
      `object_add memory-backend-ram,id=vmem-new,size=${size}`,
      `device_add virtio-mem-pci,id=vm-new,memdev=vmem-new,node=${node},requested-size=${size}`,
    );
    add('libvirt', 'virsh', `update-memory-device DOMAIN --requested-size ${mib(size)}MiB`);
    add('firecracker', 'Firecracker', `PATCH /hotplug/memory {"requested_size_mib": ${mib(size)}}`);
    add(
      'cloud-hypervisor',
      'Cloud Hypervisor',
      `ch-remote --api-socket SOCKET resize --memory TOTAL   # hotplug_method=virtio-mem`,
    );
  }
  if (kind === 'kmem' || kind === 'cxl') {
    if (kind === 'cxl') add('bare-metal', 'host', `cxl create-region -m -t ram -d DECODER -w WAYS MEMDEV…`);
    commands.push({ where: 'guest', command: 'daxctl reconfigure-device --mode=system-ram --no-online DAX' });
  }
  const [first, last] = [blocks[0], blocks.at(-1)];
  if (first !== undefined && last !== undefined) {
    const state = (id: number | string): string => `/sys/devices/system/memory/memory${id}/state`;
    commands.push({
      where: 'guest',
      command:
        first === last
          ? `echo online_movable > ${state(first)}`
          : `chmem -e ${hex(first * blockSize)}-${hex((last + 1) * blockSize - 1)} -z Movable   # or online_movable to ${state(`{${first}..${last}}`)}`,
    });
  }
  return commands;
}
