import { describe, expect, test } from 'vitest';
import { explain, explainLine } from './explain.ts';

/** Messages as they were printed, with who prints them: program, and function for the kernel. */
const KNOWN: readonly (readonly [text: string, program: string, fn?: string])[] = [
  [
    'memory offlining [mem 0x1d0000000-0x1d7ffffff] failed due to failure to isolate range',
    'kernel',
    'offline_pages',
  ],
  ['page dumped because: unmovable page', 'kernel', '__dump_page'],
  ['Offlined Pages 32768', 'kernel', 'offline_pages'],
  [
    'Block size [0x8000000] unaligned hotplug range: start 0x140000000, size 0x4000000',
    'kernel',
    'check_hotplug_memory_range',
  ],
  [
    'removing memory fails, because memory [0x0000000140000000-0x0000000147ffffff] is onlined',
    'kernel',
    'check_memblock_offlined_cb',
  ],
  ['Boot memory [50000000 58000000] offlining attempted', 'kernel', 'prevent_bootmem_remove_notifier'],
  ['acpi PNP0C80:00: add_memory failed', 'kernel', 'acpi_memory_enable_device'],
  ['acpi PNP0C80:00: acpi_memory_enable_device() error', 'kernel', 'acpi_memory_device_add'],
  ['memory memory17: Offline failed.', 'kernel'],
  ['Built 2 zonelists, mobility grouping on.  Total pages: 457738', 'kernel', 'build_all_zonelists'],
  ['Fallback order for Node 0: 0 1 ', 'kernel'],
  ['Policy zone: Normal', 'kernel', 'build_all_zonelists'],
  [
    'qemu-system-x86_64: -device pc-dimm,id=d1,memdev=m1: not enough space, currently 0x40000000 in use of total space for memory devices 0x40000000',
    'qemu',
  ],
  ["Error: no slots where allocated, please specify the 'slots' option", 'qemu'],
  ['Error: no free slots available', 'qemu'],
  ["Error: address range conflicts with memory device id='dimm1'", 'qemu'],
  ['Error: address must be aligned to 0x200000 bytes', 'qemu'],
  ['Error: backend memory size must be multiple of 0x200000', 'qemu'],
  [
    'Error: memory devices (e.g. for memory hotplug) are not enabled, please specify the maxmem option',
    'qemu',
  ],
  ["Error: 'requested-size' has to be multiples of 'block-size' (0x200000)", 'qemu'],
  ["Error: 'requested-size' cannot exceed the memory backend size(0x80000000)", 'qemu'],
  ['Error: virtio-mem device cannot get unplugged while some of its memory is still plugged', 'qemu'],
  [
    "qemu-system-x86_64: -device virtio-mem-pci,memdev=m0: 'requested-size' property has to be multiples of 'block-size' (0x200000)",
    'qemu',
  ],
  ["Error: 'block-size' property has to be a power of two", 'qemu'],
  ["Error: 'memdev' property specifies a busy memdev: m0", 'qemu'],
  [
    "Error: can't add memory device [0x100000000:0x40000000], usable range for memory devices [0x240000000:0x80200000000]",
    'qemu',
  ],
  ["Error: can't add memory device [0x100000000:0x40000000] before 0x140000000", 'qemu'],
  ['Error: the alignment (0x80000000) is not supported', 'qemu'],
  ['Error: invalid slot# 4, should be less than 4', 'qemu'],
  ['Error: memory hotplug is not enabled: missing acpi device', 'qemu'],
  ['error: internal error: no free memory device slot available', 'libvirt'],
  ['dax0.0: all memory sections (992) already online', 'daxctl'],
  ['dax0.0: 1 memory section already online', 'daxctl'],
  ['dax0.0: failed to online 3 memory sections', 'daxctl'],
  ['dax0.0: found 8 memory sections online', 'daxctl'],
  [
    'memory40: /etc/udev/rules.d/80-hotplug-mem.rules:1 Failed to write ATTR{/sys/devices/system/memory/memory40/state}, ignoring: Invalid argument',
    'systemd-udevd',
  ],
  ['No memory reserved for crash kernel', 'kdump'],
  [
    "error: unsupported configuration: cannot use/hotplug a memory device when domain 'maxMemory' is not defined",
    'libvirt',
  ],
  ["error: unsupported configuration: memory device count '3' exceeds slots count '2'", 'libvirt'],
  ['error: kernel policy will auto-online memory, aborting', 'daxctl'],
  ['error reconfiguring devices: Device or resource busy', 'daxctl'],
  [
    'libdaxctl: offline_one_memblock: dax0.0: Failed to offline /sys/devices/system/node/node1/memory40/state: Device or resource busy',
    'daxctl',
  ],
  ['failed to create namespace: No such device or address', 'ndctl'],
  ['  Error: namespace0.0 is active, specify --force for re-configuration', 'ndctl'],
  [
    'chmem: Memory Block 40 (0x0000000140000000-0x0000000147ffffff) disable failed: Device or resource busy',
    'util-linux',
  ],
  ['-bash: echo: write error: Device or resource busy', 'shell'],
  ['bash: echo: Schreibfehler: Das Gerät oder die Ressource ist belegt', 'shell'],
  ["bash: echo: erreur d'écriture : Périphérique ou ressource occupé", 'shell'],
  ['sh: 1: echo: echo: I/O error', 'shell'],
  ['tee: /sys/devices/system/memory/memory40/state: Device or resource busy', 'shell'],
  ['Memory Block 40 (0x0000000140000000-0x0000000147ffffff) disable failed', 'util-linux'],
  ['error: internal error: unplug of device was rejected by the guest', 'libvirt'],
  [
    'Error: the configuration is not prepared for memory devices (e.g., for memory hotplug), consider specifying the maxmem option',
    'qemu',
  ],
];

/** Lines of other subsystems, and near misses. */
const FOREIGN: readonly string[] = [
  'usb 1-1: new high-speed USB device number 2 using xhci_hcd',
  'EXT4-fs (vda1): mounted filesystem with ordered data mode. Quota mode: none.',
  'Memory: 2194452K/2621440K available (14342K kernel code, 2339K rwdata)',
  'Freeing unused kernel image (initmem) memory: 2812K',
  'Out of memory: Killed process 1234 (stress) total-vm:1048576kB, anon-rss:524288kB',
  'offlining everything is a bad idea',
  'Block size is 4096',
  'the policy zone of this town is Normal',
  'virtio_net virtio0 eth0: renamed from enp0s3',
  'hello, world',
  '12345',
  'systemd[1]: Started Daily apt upgrade and clean activities.',
  'sshd[812]: Accepted publickey for root from 10.0.0.7 port 50022 ssh2',
  'page allocation is fun',
  'error: no such domain',
  'Error: everything went wrong',
  'sda: /usr/lib/udev/rules.d/60-block-scheduler.rules:6 Failed to write ATTR{/sys/devices/pci0000:00/block/sda/queue/scheduler}, ignoring: Invalid argument',
  'size of crash kernel memory unspecified, no memory for it',
];

const DRESSES: readonly (readonly [name: string, dress: (text: string, author: string) => string])[] = [
  ['bare', (text) => text],
  ['dmesg', (text) => `[   42.105326] ${text}`],
  ['dmesg with a caller', (text) => `[   42.105326][  T123] ${text}`],
  ['dmesg -T', (text) => `[Mon Nov 30 10:15:02 2026] ${text}`],
  ['console', (text) => `<4>[   42.105326] ${text}\r`],
  ['journald', (text, author) => `Nov 30 10:15:02 host ${author}: ${text}`],
  ['journald in German', (text, author) => `Mär 30 10:15:02 host ${author}: ${text}`],
  ['ISO dates', (text, author) => `2026-11-30T10:15:02.123456+00:00 host ${author}: ${text}`],
  ['colour', (text) => `\u001b[32m[   42.105326]\u001b[0m \u001b[1m${text}\u001b[0m`],
];
const AUTHORS: Readonly<Record<string, string>> = {
  kernel: 'kernel',
  qemu: 'qemu-system-x86[77]',
  libvirt: 'libvirtd[901]',
  daxctl: 'daxctl[55]',
  ndctl: 'ndctl[56]',
  'util-linux': 'chmem[57]',
  shell: 'bash[58]',
  'systemd-udevd': 'systemd-udevd[412]',
  kdump: 'kdumpctl[772]',
};

const fnOf = (line: string): string[] => explainLine(line)?.places.map(({ fn }) => fn) ?? [];

test('there are more than 200 lines', () => {
  expect((KNOWN.length + FOREIGN.length) * DRESSES.length).toBeGreaterThan(200);
});

describe.each(DRESSES)('%s', (_, dress) => {
  test.each(KNOWN.map(([text, program, fn]) => ({ text, program, fn })))(
    '$program: $text',
    ({ text, program, fn }) => {
      const line = dress(text, AUTHORS[program]!);
      expect(explainLine(line)?.program).toBe(program);
      if (fn !== undefined) expect(fnOf(line)).toContain(fn);
    },
  );

  test.each(FOREIGN)('declined: %s', (text) => {
    expect(explainLine(dress(text, 'kernel'))).toBeNull();
  });
});

test('a line that is cut off is declined or still told as the same message', () => {
  for (const [text, program] of KNOWN)
    for (let length = 1; length < text.length; length++) {
      const found = explainLine(text.slice(0, length));
      if (found) expect([found.program, text.slice(0, length)]).toEqual([program, text.slice(0, length)]);
    }
});

test('numbers are read out, the function and its releases are named, advice is given', () => {
  const line = '[    9.5] Block size [0x8000000] unaligned hotplug range: start 0x140000000, size 0x4000000';
  expect(explainLine(line)).toMatchObject({
    places: [{ fn: 'check_hotplug_memory_range', file: 'mm/memory_hotplug.c' }],
    values: { block_size: 0x8000000, start: 0x140000000, size: 0x4000000 },
    means: expect.stringContaining('multiple of the memory block size'),
  });
});

test('a release rules out what it does not print', () => {
  const line = 'Block size [0x8000000] unaligned hotplug range: start 0x140000000, size 0x4000000';
  expect(explainLine(line, 'v6.1')?.program).toBe('kernel');
  expect(explainLine('memory block: something', 'v6.1')).toBeNull();
});

test('order and noise do not matter', () => {
  const lines = [...KNOWN.map(([text]) => text), ...FOREIGN];
  const forth = explain(lines.join('\n'));
  const back = explain([...lines].reverse().join('\n\n'));
  expect(forth.explained.length).toBe(KNOWN.length);
  expect(back.explained.map(({ line }) => line).sort()).toEqual(
    forth.explained.map(({ line }) => line).sort(),
  );
});

test('a line longer than any message is passed over at once', () => {
  expect(explainLine('x'.repeat(5_000_000))).toBeNull();
  expect(explainLine(`[    1.000000] ${'x '.repeat(2000)}`)).toBeNull();
});
