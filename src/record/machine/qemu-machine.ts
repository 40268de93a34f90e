import { InputError } from '../../errors/input-error.ts';
import type { Machine } from '../../machines/machine.ts';
import type { ScenarioStep } from '../../scenarios/format/step-schema.ts';
import { rangeOf } from '../../scenarios/steps/common/values.ts';
import { configValue, type GuestKernel } from '../kernel/guest-kernel.ts';
import { backingSize, devicesOf, type MemoryDevice } from './devices.ts';
import { LABEL_AREA } from './labels.ts';
import { type Layout, placeRam } from './layout.ts';
import { srat } from './srat.ts';

/** A machine of QEMU for a scenario and a kernel. */
export interface QemuMachine {
  /** qemu-system-x86_64 or qemu-system-aarch64. */
  readonly program: string;
  readonly layout: Layout;
  readonly devices: readonly MemoryDevice[];
  /** The kernel's command line. */
  readonly cmdline: string;
  /** The guest boots by EFI, with ACPI tables, and gets this SRAT in its initramfs; null if its firmware needs none. */
  readonly srat: Buffer | null;
  /** Arguments but those of the kernel, its command line and the initramfs. `dir` is private to the guest. */
  args(dir: string): readonly string[];
}

export interface MachineOptions {
  /** Words added to the kernel's command line. */
  readonly append: string;
  readonly qemu_opts: readonly string[];
}

const G = 2 ** 30;
/** Addresses that the virtual CPUs have: 40 bits unless more are needed, at most 46, as the kernel of x86-64 with four levels. */
const CPU_END = 2 ** 40;
const LAST_END = 2 ** 46;

/** The file of a node's or a device's memory in the guest's private directory. */
export const memoryFile = (dir: string, id: string): string => `${dir}/${id}.mem`;

/** An object of QEMU that is memory in a file shared with the recorder. */
export const backendOf = (
  dir: string,
  id: string,
  size: number,
): Readonly<Record<string, string | number | boolean>> => ({
  'qom-type': 'memory-backend-file',
  id: `m-${id}`,
  size,
  'mem-path': memoryFile(dir, id),
  share: true,
  'discard-data': true,
});

const objectOption = (object: Readonly<Record<string, string | number | boolean>>): string => {
  const { 'qom-type': type, ...rest } = object;
  return [
    type,
    ...Object.entries(rest).map(([key, value]) => `${key}=${value === true ? 'on' : value}`),
  ].join(',');
};

function refuse(machine: Machine, kernel: GuestKernel): void {
  const { source, arch, page_size, va_bits, hypervisor, config = {}, holes } = machine;
  const wrong = (place: string, what: string): InputError => new InputError(source, `machine.${place}`, what);
  if (kernel.arch !== arch)
    throw wrong('arch', `is ${arch}, but ${kernel.source} is a kernel for ${kernel.arch}`);
  if (kernel.page_size !== null && kernel.page_size !== page_size)
    throw wrong('page_size', `is ${page_size}, but ${kernel.source} has pages of ${kernel.page_size}`);
  if (hypervisor !== undefined) throw wrong('hypervisor', `is ${hypervisor}, which QEMU is not`);
  if (holes?.length && arch !== 'x86_64') throw wrong('holes', 'can be made on x86-64 only');
  const bits = arch === 'arm64' ? configValue(kernel, 'ARM64_VA_BITS') : null;
  if (va_bits !== undefined && bits !== null && Number(bits) !== va_bits)
    throw wrong('va_bits', `is ${va_bits}, but ${kernel.source} has ${bits}`);
  for (const [name, value] of Object.entries(config)) {
    const own = configValue(kernel, name);
    const asked = value === true ? 'y' : value === false ? 'n' : String(value);
    if (own !== null && own !== asked)
      throw wrong(`config.${name}`, `is ${asked}, but ${kernel.source} has ${own}`);
  }
}

/** CPUs by node. @throws InputError if they are not numbered from 0 on */
function cpusOf({ source, nodes = [] }: Machine, layout: Layout): ReadonlyMap<number, readonly number[]> {
  const found = new Map(nodes.map(({ nid, cpus }) => [nid, cpus]));
  const all = [...found.values()].flat().sort((a, b) => a - b);
  if (all.length === 0) return found.set(layout.ram[0]!.node, [0, 1]);
  if (all.some((cpu, i) => cpu !== i))
    throw new InputError(source, 'machine.nodes', 'QEMU numbers CPUs from 0 on, each on one node');
  return found;
}

/**
 * QEMU's device tree names the nodes with CPUs and those with RAM, its ACPI tables also the last one, to which they say that
 * memory may be plugged; the kernel of x86-64 numbers the nodes that they name.
 */
function refuseUnnamed(
  { source, arch }: Machine,
  nodes: readonly number[],
  cpus: ReadonlyMap<number, readonly number[]>,
  { ram }: Layout,
): void {
  const unnamed = nodes
    .slice(0, arch === 'x86_64' ? -1 : undefined)
    .find((node) => (cpus.get(node)?.length ?? 0) === 0 && !ram.some((one) => one.node === node));
  if (unnamed !== undefined)
    throw new InputError(
      source,
      'machine.nodes',
      `node ${unnamed} has no CPU and no RAM${arch === 'x86_64' ? ' and is not the last' : ''}: QEMU does not tell the kernel of it`,
    );
}

/** The words that every guest gets, and those that keep addresses and start-up the same in each run. */
function cmdlineOf(
  machine: Machine,
  steps: readonly ScenarioStep[],
  kernel: GuestKernel,
  append: string,
): string {
  const own = [machine.cmdline ?? '', append].join(' ').trim();
  const has = (word: string): boolean => own.split(/\s+/).some((one) => one.startsWith(`${word}=`));
  return [
    kernel.arch === 'arm64' ? 'console=ttyAMA0' : 'console=ttyS0',
    'nokaslr',
    kernel.arch === 'x86_64' ? 'nopti mitigations=off' : '',
    'loglevel=7',
    'panic=0',
    'nowatchdog rcupdate.rcu_cpu_stall_suppress=1',
    has('memhp_default_state') ? '' : 'memhp_default_state=offline',
    ...(machine.holes ?? []).map(
      ({ start, size }) => `memmap=0x${size.toString(16)}$0x${start.toString(16)}`,
    ),
    ...steps.flatMap(({ kind, step }) => {
      if (kind !== 'nvdimm' || !step.carved) return [];
      const [start, size] = rangeOf(step);
      return [`memmap=0x${size.toString(16)}!0x${start.toString(16)}`];
    }),
    own,
  ]
    .filter((word) => word !== '')
    .join(' ');
}

/**
 * The machine of a scenario as QEMU can make it for a kernel.
 * @throws InputError naming what QEMU, or this kernel, cannot be
 */
export function qemuMachine(
  machine: Machine,
  steps: readonly ScenarioStep[],
  kernel: GuestKernel,
  { append, qemu_opts }: MachineOptions,
): QemuMachine {
  refuse(machine, kernel);
  const layout = placeRam(machine);
  const cpus = cpusOf(machine, layout);
  const devices = devicesOf(steps, layout.device_base, LAST_END, machine.source);
  const total = layout.ram.reduce((sum, { size }) => sum + size, 0);
  const slots =
    devices.filter(({ kind }) => kind === 'dimm' || kind === 'nvdimm').length + (machine.slots?.length ?? 0);
  const top = Math.max(layout.device_base, ...devices.map(({ start, size }) => start + size));
  const isArm = kernel.arch === 'arm64';
  const nvdimm = devices.some(({ kind }) => kind === 'nvdimm');
  const acpi = isArm && (nvdimm || devices.some(({ kind }) => kind === 'dimm'));
  // the region for devices is as large as maxmem - ram, and starts at device_base
  const maxmem = total + Math.max(64 * G, Math.ceil((top - layout.device_base) / G) * G);
  const nodes = [
    ...new Set([...(machine.nodes ?? []).map(({ nid }) => nid), ...layout.ram.map(({ node }) => node)]),
  ].sort((a, b) => a - b);
  if (!acpi) refuseUnnamed(machine, nodes, cpus, layout);
  const smp = [...cpus.values()].flat().length;
  const wide = top > CPU_END ? ',phys-bits=46' : '';
  const bare = machine.guest === false ? ',-hypervisor' : '';
  const numa = nodes.flatMap((node) => {
    const ram = layout.ram.find((one) => one.node === node);
    const own = (cpus.get(node) ?? []).map((cpu) => `,cpus=${cpu}`).join('');
    return ['-numa', `node,nodeid=${node}${own}${ram ? `,memdev=m-node${node}` : ''}`];
  });
  const distances = (machine.nodes ?? []).flatMap(({ nid, distance = [] }) =>
    distance.flatMap((val, i) =>
      nodes[i] === undefined || nodes[i] === nid
        ? []
        : ['-numa', `dist,src=${nid},dst=${nodes[i]},val=${val}`],
    ),
  );
  const ranges = layout.ram.flatMap(({ node, pieces }) => pieces.map((one) => ({ node, ...one })));
  return {
    program: isArm ? 'qemu-system-aarch64' : 'qemu-system-x86_64',
    layout,
    devices,
    cmdline: cmdlineOf(machine, steps, kernel, append),
    srat: acpi
      ? srat(
          Array.from({ length: smp }, (_, cpu) => [...cpus].find(([, own]) => own.includes(cpu))![0]),
          [
            ...ranges,
            { node: nodes.at(-1)!, start: layout.device_base, size: maxmem - total, hotplug: true },
          ],
        )
      : null,
    args: (dir) => [
      '-M',
      isArm
        ? `virt,gic-version=3,acpi=${acpi ? 'on' : 'off'}${nvdimm ? ',nvdimm=on' : ''}`
        : `q35,max-ram-below-4g=${layout.low}${nvdimm ? ',nvdimm=on' : ''}`,
      '-accel',
      'tcg,thread=multi',
      '-cpu',
      isArm ? 'max,pauth-impdef=on' : `max,la57=${machine.va_bits === 57 ? 'on' : 'off'}${wide}${bare}`,
      '-smp',
      `${smp},sockets=${smp}`,
      '-m',
      `${total / 2 ** 20}M,slots=${Math.max(slots, 1)},maxmem=${maxmem / 2 ** 20}M`,
      ...layout.ram.flatMap(({ node, size }) => [
        '-object',
        objectOption(backendOf(dir, `node${node}`, size)),
      ]),
      ...numa,
      ...distances,
      ...devices
        .filter(({ cold }) => cold)
        .flatMap((device) => [
          '-object',
          objectOption(backendOf(dir, device.id, backingSize(device))),
          '-device',
          deviceOption(device),
        ]),
      ...qemu_opts,
    ],
  };
}

const deviceOption = (device: MemoryDevice): string => {
  const { driver, ...rest } = deviceProperties(device);
  return [driver, ...Object.entries(rest).map(([key, value]) => `${key}=${value}`)].join(',');
};

/** The properties of a device as device_add takes them. */
export function deviceProperties({
  kind,
  id,
  start,
  node,
  block,
  labels,
  slot,
}: MemoryDevice): Readonly<Record<string, string | number>> {
  if (kind === 'dimm') return { driver: 'pc-dimm', id, memdev: `m-${id}`, addr: start, node };
  if (kind === 'nvdimm')
    return {
      driver: 'nvdimm',
      id,
      memdev: `m-${id}`,
      addr: start,
      node,
      ...(labels && { 'label-size': LABEL_AREA }),
    };
  return {
    driver: 'virtio-mem-pci',
    id,
    memdev: `m-${id}`,
    node,
    memaddr: start,
    'block-size': block ?? 2 ** 21,
    'requested-size': 0,
    ...(slot !== undefined && { addr: `0x${slot.toString(16)}` }),
  };
}
