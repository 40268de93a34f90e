import { expect, test } from 'vitest';
import { InputError } from '../../src/errors/input-error.ts';
import type { Machine } from '../../src/machines/machine.ts';
import type { GuestKernel } from '../../src/record/kernel/guest-kernel.ts';
import { planOf } from '../../src/record/machine/plan.ts';
import { parseScenario } from '../../src/scenarios/format/read.ts';
import { OPTIONS } from './fake-host.ts';

const CONFIG = `${[
  ...OPTIONS.filter((name) => name !== 'VIRTIO_CONSOLE'),
  ...['SERIAL_AMBA_PL011_CONSOLE', 'CONTIG_ALLOC', 'PROC_PAGE_MONITOR'],
]
  .map((name) => `CONFIG_${name}=y`)
  .join('\n')}\nCONFIG_VIRTIO_CONSOLE=m\n`;

const kernel = (more: Partial<GuestKernel> = {}): GuestKernel => ({
  source: 'K',
  image: '/boot/K',
  format: 'bzImage',
  arch: 'x86_64',
  page_size: 4096,
  release: '6.1.0',
  config: `${CONFIG}CONFIG_ACPI_HOTPLUG_MEMORY=y\n`,
  modules: null,
  ...more,
});

function plan(machine: string, steps: string, own = kernel()) {
  const scenario = parseScenario(`machine: ${machine}\nsteps:\n${steps}`, 'S');
  return planOf(scenario.machine as Machine, scenario.steps, own, { append: '', qemu_opts: [] });
}

const TWO = '{arch: x86_64, ram: [{start: 0, size: 2G, node: 0}, {start: 4G, size: 1G, node: 1}]}';
const ADD = '  - device_add: {id: d, start: 5G, size: 1G, node: 1}\n';

/** The value behind an argument of QEMU. */
const option = (args: readonly string[], name: string): string[] =>
  args.flatMap((word, i) => (args[i - 1] === name ? [word] : []));

test('RAM below and above 4G is that of q35, and node 1 gets the part above', () => {
  const { machine } = plan(TWO, ADD);
  const args = machine.args('D');
  expect(option(args, '-M')).toEqual(['q35,max-ram-below-4g=2147483648']);
  expect(option(args, '-m')).toEqual(['3072M,slots=1,maxmem=68608M']);
  expect(machine.layout.ram).toEqual([
    { node: 0, size: 2 ** 31, pieces: [{ start: 0, size: 2 ** 31 }] },
    { node: 1, size: 2 ** 30, pieces: [{ start: 2 ** 32, size: 2 ** 30 }] },
  ]);
  expect(option(args, '-numa')).toEqual([
    'node,nodeid=0,cpus=0,cpus=1,memdev=m-node0',
    'node,nodeid=1,memdev=m-node1',
  ]);
});

test('a node may have RAM on both sides of 4G: its backing file has both', () => {
  const { machine } = plan(
    '{arch: x86_64, ram: [{start: 0, size: 1G}, {start: 4G, size: 2G}]}',
    ADD.replace('5G', '6G').replace('node: 1', 'node: 0'),
  );
  expect(machine.layout.ram[0]!.pieces).toEqual([
    { start: 0, size: 2 ** 30 },
    { start: 2 ** 32, size: 2 ** 31 },
  ]);
  expect(machine.layout.device_base).toBe(6 * 2 ** 30);
});

test.each([
  [
    '{arch: x86_64, ram: [{start: 1G, size: 1G}]}',
    ADD,
    "S: machine.ram: is 0x40000000+0x40000000 on node 0; QEMU's q35 would have 0x0+0x40000000 on node 0",
  ],
  [
    '{arch: x86_64, ram: [{start: 0, size: 1G, node: 1}, {start: 1G, size: 1G, node: 0}]}',
    ADD,
    "QEMU's q35 would have 0x0+0x40000000 on node 0, 0x40000000+0x40000000 on node 1",
  ],
  [
    '{arch: x86_64, ram: [{start: 0, size: 1G, hotpluggable: true}]}',
    ADD,
    'S: machine.ram: 0x0 is hot-pluggable for the firmware, which QEMU cannot say of boot memory',
  ],
  [
    '{arch: arm64, ram: [{start: 1G, size: 1G}]}',
    ADD,
    'S: machine.arch: is arm64, but K is a kernel for x86_64',
  ],
  [
    '{arch: x86_64, hypervisor: xen, ram: [{start: 0, size: 1G}]}',
    ADD,
    'S: machine.hypervisor: is xen, which QEMU is not',
  ],
  [
    '{arch: x86_64, config: {ACPI_HOTPLUG_MEMORY: n}, ram: [{start: 0, size: 1G}]}',
    ADD,
    'S: machine.config.ACPI_HOTPLUG_MEMORY: is n, but K has y',
  ],
  [
    '{arch: x86_64, ram: [{start: 0, size: 1G}], nodes: [{node: 0, cpus: "1-2"}]}',
    ADD,
    'S: machine.nodes: QEMU numbers CPUs from 0 on, each on one node',
  ],
  [
    '{arch: x86_64, ram: [{start: 0, size: 1G}], nodes: [{node: 0, cpus: "0"}, {node: 1}, {node: 2}]}',
    ADD,
    'S: machine.nodes: node 1 has no CPU and no RAM and is not the last: QEMU does not tell the kernel of it',
  ],
  [
    TWO,
    '  - device_add: {id: d, start: 3G, size: 1G}\n',
    'S: QEMU places memory devices from 0x140000000 on; d lies at 0xc0000000',
  ],
])('what QEMU cannot be is refused by name: %s', (machine, steps, message) => {
  const found = (() => {
    try {
      plan(machine, steps);
    } catch (error) {
      return error;
    }
    return undefined;
  })();
  expect(found).toBeInstanceOf(InputError);
  expect((found as InputError).message).toContain(message);
});

test('pages of another size are refused', () => {
  const arm = kernel({ arch: 'arm64', format: 'Image', page_size: 16384 });
  expect(() =>
    plan('{arch: arm64, ram: [{start: 1G, size: 1G}]}', '  - add: {start: 2G, size: 1G}\n', arm),
  ).toThrow('machine.page_size: is 4096, but K has pages of 16384');
});

test('steps that cannot be recorded are named with the reason, the others are kept', () => {
  const steps = `${ADD}  - fail: {site: usemap}\n  - online: 40\n  - virtio_mem: {device: 0, start: 8G, size: 1G}\n`;
  const { left_out, steps: kept, missing, modules } = plan(TWO, steps);
  expect(left_out).toEqual([
    { step: 1, kind: 'fail', why: 'no function of the kernel does the allocation "usemap" alone' },
    { step: 3, kind: 'virtio_mem', why: 'the kernel is built without VIRTIO_MEM' },
  ]);
  expect(kept.map(([number]) => number)).toEqual([0, 2]);
  expect(missing).toEqual([]);
  expect(modules).toEqual(['virtio_pci', 'virtio_console']);
});

test('a kernel that no guest can be made of is named by its first missing option', () => {
  const own = kernel({ config: CONFIG.replace('CONFIG_VIRTIO_CONSOLE=m\n', '') });
  expect(plan(TWO, '  - online: 40\n', own).missing).toEqual([
    { option: 'VIRTIO_CONSOLE', why: 'the channel to the guest' },
  ]);
  expect(plan(TWO, '  - online: 40\n', kernel({ config: null })).missing).toEqual([]);
});

test('add_memory() gets memory of which the kernel does not know', () => {
  const arm = kernel({ arch: 'arm64', format: 'Image' });
  const { machine } = plan(
    '{arch: arm64, ram: [{start: 1G, size: 1G}]}',
    '  - add: {start: 4G, size: 256M}\n  - add: {start: 0x110000000, size: 128M}\n',
    arm,
  );
  expect(machine.devices).toEqual([
    {
      kind: 'backing',
      id: 'backing0',
      start: 2 ** 32,
      size: 384 * 2 ** 20,
      node: 0,
      cold: true,
      block: 2 ** 21,
    },
  ]);
  expect(option(machine.args('D'), '-device')).toEqual([
    'virtio-mem-pci,id=backing0,memdev=m-backing0,node=0,memaddr=4294967296,block-size=2097152,requested-size=0',
  ]);
});

test('virtio-mem devices have places of their own on the PCI bus, to which the driver binds later', () => {
  const own = kernel({ config: `${CONFIG}CONFIG_VIRTIO_MEM=m\n` });
  const { machine, modules } = plan(
    TWO,
    '  - virtio_mem: {device: 0, start: 8G, size: 1G}\n  - virtio_mem: {device: 3, start: 10G, size: 1G, block: 4M, node: 1}\n',
    own,
  );
  expect(modules).toContain('virtio_mem');
  expect(option(machine.args('D'), '-device')).toEqual([
    'virtio-mem-pci,id=virtio0,memdev=m-virtio0,node=0,memaddr=8589934592,block-size=2097152,requested-size=0,addr=0x10',
    'virtio-mem-pci,id=virtio3,memdev=m-virtio3,node=1,memaddr=10737418240,block-size=4194304,requested-size=0,addr=0x13',
  ]);
  const many = '  - virtio_mem: {device: 14, start: 8G, size: 1G}\n';
  expect(plan(TWO, many, own).left_out).toEqual([
    { step: 0, kind: 'virtio_mem', why: "QEMU's machine has slots for 14 devices" },
  ]);
});

test('an NVDIMM has its label area behind its size', () => {
  const own = kernel({ config: `${CONFIG}CONFIG_ACPI_NFIT=m\nCONFIG_LIBNVDIMM=m\nCONFIG_ZONE_DEVICE=y\n` });
  const steps =
    '  - nvdimm: {region: 0, start: 8G, size: 256M, node: 1}\n  - nvdimm: {region: 1, start: 9G, size: 256M, labels: false}\n';
  const args = plan(TWO, steps, own).machine.args('D');
  expect(option(args, '-object').slice(2)).toEqual([
    'memory-backend-file,id=m-nvdimm0,size=268566528,mem-path=D/nvdimm0.mem,share=on,discard-data=on',
    'memory-backend-file,id=m-nvdimm1,size=268435456,mem-path=D/nvdimm1.mem,share=on,discard-data=on',
  ]);
  expect(option(args, '-device')).toEqual([
    'nvdimm,id=nvdimm0,memdev=m-nvdimm0,addr=8589934592,node=1,label-size=131072',
    'nvdimm,id=nvdimm1,memdev=m-nvdimm1,addr=9663676416,node=0',
  ]);
});

test('NVDIMMs have ids in whose order QEMU tells of them, so that regions have the numbers of the scenario', () => {
  const own = kernel({ config: `${CONFIG}CONFIG_ACPI_NFIT=m\nCONFIG_LIBNVDIMM=m\nCONFIG_ZONE_DEVICE=y\n` });
  const steps = [0, 1, 2]
    .map((region) => `  - nvdimm: {region: ${region}, start: ${8 + region}G, size: 256M}\n`)
    .join('');
  // a kernel made regions 0, 1 and 2 of the ids nvdimm0, nvdimm2 and nvdimm1
  expect(plan(TWO, steps, own).machine.devices.map(({ id }) => id)).toEqual([
    'nvdimm0c',
    'nvdimm1g',
    'nvdimm2',
  ]);
});

const ARM_CONFIG = CONFIG.replace('SERIAL_8250', 'SERIAL_AMBA_PL011');
const EFI = ['ACPI_HOTPLUG_MEMORY', 'EFI_STUB', 'ACPI_NUMA', 'ACPI_TABLE_UPGRADE']
  .map((name) => `CONFIG_${name}=y\n`)
  .join('');
const ARM_TWO =
  '{arch: arm64, ram: [{start: 1G, size: 1G, node: 0}, {start: 2G, size: 1G, node: 1}], nodes: [{node: 0, cpus: "0"}, {node: 1, cpus: "1"}, {node: 2}]}';
const ARM_DIMM = '  - device_add: {id: d, start: 4G, size: 1G, node: 2}\n';

test('a DIMM of arm64 needs ACPI: the guest boots by EFI, and its SRAT has the flash bank and all nodes', () => {
  const arm = kernel({ arch: 'arm64', format: 'Image', config: `${ARM_CONFIG}${EFI}` });
  const { machine, missing } = plan(ARM_TWO, ARM_DIMM, arm);
  expect(missing).toEqual([]);
  expect(option(machine.args('D'), '-M')).toEqual(['virt,gic-version=3,acpi=on']);
  const table = machine.srat!;
  expect(table.toString('latin1', 0, 4)).toBe('SRAT');
  expect(table.readUInt32LE(4)).toBe(table.length);
  expect(table.reduce((sum, byte) => sum + byte, 0) % 256).toBe(0);
  const entries: unknown[] = [];
  for (let at = 48; at < table.length; at += table[at + 1]!)
    entries.push(
      table[at] === 3
        ? {
            node: table.readUInt32LE(at + 2),
            cpu: table.readUInt32LE(at + 6),
            flags: table.readUInt32LE(at + 10),
          }
        : {
            node: table.readUInt32LE(at + 2),
            start: Number(table.readBigUInt64LE(at + 8)),
            size: Number(table.readBigUInt64LE(at + 16)),
            flags: table.readUInt32LE(at + 28),
          },
    );
  const G = 2 ** 30;
  expect(entries).toEqual([
    { node: 0, cpu: 0, flags: 1 },
    { node: 1, cpu: 1, flags: 1 },
    { node: 0, start: 0x4000000, size: 0x4000000, flags: 1 },
    { node: 0, start: G, size: G, flags: 1 },
    { node: 1, start: 2 * G, size: G, flags: 1 },
    { node: 2, start: 3 * G, size: 64 * G, flags: 3 },
  ]);
});

test('without DIMMs arm64 boots by device tree; with them the kernel needs what EFI needs', () => {
  const arm = kernel({
    arch: 'arm64',
    format: 'Image',
    config: `${ARM_CONFIG}${EFI.replace(/CONFIG_ACPI_TABLE_UPGRADE=y\n/, '')}`,
  });
  const one = '{arch: arm64, ram: [{start: 1G, size: 1G}]}';
  const tree = plan(one, '  - add: {start: 4G, size: 256M}\n', arm);
  expect(tree.machine.srat).toBe(null);
  expect(tree.missing).toEqual([]);
  expect(plan(one, ARM_DIMM, arm).missing).toEqual([{ option: 'ACPI_TABLE_UPGRADE', why: 'the nodes' }]);
});

test('a script is found beside the scenario, and brings its packages and modules', () => {
  const { scripts, packages, modules, left_out } = plan(
    TWO,
    '  - script: {file: t/a.sh, args: -r 50, packages: [bash], modules: [memory-notifier-error-inject]}\n  - script: b.sh\n',
  );
  expect([...scripts]).toEqual([
    ['mhp/scripts/t%2Fa.sh', 't/a.sh'],
    ['mhp/scripts/b.sh', 'b.sh'],
  ]);
  expect(packages).toEqual(['bash']);
  expect(modules).toEqual(['virtio_pci', 'virtio_console', 'memory-notifier-error-inject']);
  expect(left_out).toEqual([]);
  expect(plan(TWO, '  - script: {file: a.sh, modules: ["../x"]}\n').left_out).toEqual([
    { step: 0, kind: 'script', why: '"../x" is no name of a package or a module' },
  ]);
});

test('uses that no program can bring about are named', () => {
  const steps = ['pinned', 'hugepage_free', 'offline', 'hwpoison', 'reserved', 'movable', 'free']
    .map((as) => `  - use: {start: 4G, size: 1M, as: ${as}}\n`)
    .join('');
  expect(plan(TWO, steps).left_out.map(({ step, why }) => `${step} ${why}`)).toEqual([
    '0 a program cannot put a page to this use',
    '1 the step hugepages fills a pool',
    '2 a program cannot put a page to this use',
    '3 write to /sys/devices/system/memory/hard_offline_page says it',
    '4 pages are reserved at boot',
  ]);
  expect(plan(TWO, '  - use: {start: 4G, size: 2M, as: hugepage}\n').left_out).toEqual([
    { step: 0, kind: 'use', why: 'the kernel is built without HUGETLBFS, CPUSETS' },
  ]);
});
