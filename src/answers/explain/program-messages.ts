/** Messages of programs around the kernel, as data: the form of the text, what it means, what to change. */

export type Program =
  | 'qemu'
  | 'libvirt'
  | 'ndctl'
  | 'daxctl'
  | 'systemd-udevd'
  | 'util-linux'
  | 'shell'
  | 'kdump';

export interface ProgramMessage {
  readonly program: Program;
  /** The function or file of the source that has the text. */
  readonly where: string;
  readonly pattern: RegExp;
  /** Names of the groups of the pattern, in order. */
  readonly names?: readonly string[];
  readonly means: string;
  readonly change: readonly string[];
}

const MEMORY_DEVICE = 'hw/mem/memory-device.c';
const SIZE = '(0x[0-9a-f]+|\\d+)';

export const PROGRAM_MESSAGES: readonly ProgramMessage[] = [
  {
    program: 'qemu',
    where: MEMORY_DEVICE,
    pattern: new RegExp(
      `not enough space, currently ${SIZE} in use of total (?:space for memory devices|hot pluggable)? ?${SIZE}`,
    ),
    names: ['used', 'total'],
    means: 'maxmem leaves no room for the device',
    change: ['-m SIZE,slots=N,maxmem=LARGER'],
  },
  {
    program: 'qemu',
    where: MEMORY_DEVICE,
    pattern: /memory devices \(e\.g\. for memory hotplug\) are not enabled, please specify the maxmem option/,
    means: 'the machine was started without room for memory devices',
    change: ['-m SIZE,slots=N,maxmem=MAX'],
  },
  {
    program: 'qemu',
    where: MEMORY_DEVICE,
    pattern: /memory devices \(e\.g\. for memory hotplug\) are not supported by the machine/,
    means: 'this machine type has no memory devices',
    change: ['use -M q35, pc or virt'],
  },
  {
    program: 'qemu',
    where: 'hw/mem/pc-dimm.c',
    pattern: /no slots where allocated, please specify the 'slots' option/,
    means: 'the machine was started with no slots for DIMMs',
    change: ['-m SIZE,slots=N,maxmem=MAX'],
  },
  {
    program: 'qemu',
    where: 'hw/mem/pc-dimm.c',
    pattern: /no free slots available/,
    means: 'all slots have a DIMM',
    change: ['start with more slots (at most 256), or use one larger DIMM or virtio-mem'],
  },
  {
    program: 'qemu',
    where: 'hw/mem/pc-dimm.c',
    pattern: /slot (\d+) is busy/,
    names: ['slot'],
    means: 'the slot has a DIMM',
    change: ['leave slot= out'],
  },
  {
    program: 'qemu',
    where: MEMORY_DEVICE,
    pattern: new RegExp(
      `can't add memory device \\[${SIZE}:${SIZE}\\](?:, usable range for memory devices \\[${SIZE}:${SIZE}\\]| before ${SIZE}| beyond ${SIZE})`,
    ),
    names: ['start', 'size', 'usable_start', 'usable_size', 'usable_start', 'usable_end'],
    means: 'the address is outside of the space that the machine has for memory devices',
    change: ['leave addr= out, or choose one within the usable range', 'a larger maxmem'],
  },
  {
    program: 'qemu',
    where: MEMORY_DEVICE,
    pattern: new RegExp(`the alignment \\(${SIZE}\\) is not supported`),
    names: ['alignment'],
    means: 'pages of the back end are larger than what device memory is aligned to',
    change: ['a back end with smaller huge pages'],
  },
  {
    program: 'qemu',
    where: 'hw/mem/pc-dimm.c',
    pattern: /invalid slot# (-?\d+), should be less than (\d+)/,
    names: ['slot', 'slots'],
    means: 'the machine has no such slot',
    change: ['-m SIZE,slots=MORE,maxmem=MAX'],
  },
  {
    program: 'qemu',
    where: 'hw/mem/pc-dimm.c',
    pattern: /invalid slot number (-?\d+), valid range is \[0-(\d+)\]/,
    names: ['slot', 'last'],
    means: 'the machine has no such slot',
    change: ['-m SIZE,slots=MORE,maxmem=MAX'],
  },
  {
    program: 'qemu',
    where: MEMORY_DEVICE,
    pattern: new RegExp(`address must be aligned to ${SIZE} bytes`),
    names: ['alignment'],
    means: 'the address does not have the alignment of its back end (huge pages) or machine',
    change: ['choose a multiple; the guest has its own rule besides: mhp plan add SIZE --at ADDRESS'],
  },
  {
    program: 'qemu',
    where: MEMORY_DEVICE,
    pattern: new RegExp(`backend memory size must be multiple of ${SIZE}`),
    names: ['multiple'],
    means: 'the size of the back end is no multiple of its page size',
    change: ['round the size; for the guest also to its memory block size'],
  },
  {
    program: 'qemu',
    where: MEMORY_DEVICE,
    pattern: /address range conflicts with memory device id='([^']*)'/,
    names: ['id'],
    means: 'another memory device is there',
    change: ['leave addr= out, or see query-memory-devices'],
  },
  {
    program: 'qemu',
    where: MEMORY_DEVICE,
    pattern:
      /could not find position in guest address space for memory device - memory fragmented due to alignments/,
    means: 'no gap in the device memory is large enough at its alignment',
    change: ['a larger maxmem'],
  },
  {
    program: 'qemu',
    where: MEMORY_DEVICE,
    pattern: /hypervisor has no (?:enough )?free memory slots left/,
    means: 'KVM has no slot for another range of guest memory',
    change: ['fewer and larger devices'],
  },
  {
    program: 'qemu',
    where: MEMORY_DEVICE,
    pattern: /a used vhost backend has no free memory slots left/,
    means: 'a vhost device can take no more ranges of memory',
    change: ['modprobe vhost max_mem_regions=509', 'fewer and larger devices'],
  },
  {
    program: 'qemu',
    where: 'hw/virtio/virtio-mem.c',
    pattern: /'block-size' property has to be a power of two/,
    means: 'virtio-mem has device blocks of a power of 2 only',
    change: ['block-size=2M, or leave it out', 'mhp plan add SIZE --kind virtio-mem --device-block SIZE'],
  },
  {
    program: 'qemu',
    where: 'hw/virtio/virtio-mem.c',
    pattern: new RegExp(`'block-size' property has to be at least (?:the page size )?\\(?${SIZE}\\)?`),
    names: ['least'],
    means: 'a device block is smaller than a page of the back end, or than QEMU allows',
    change: ['leave block-size out'],
  },
  {
    program: 'qemu',
    where: 'hw/mem/pc-dimm.c, hw/virtio/virtio-mem.c',
    pattern: /(?:can't use already|'memdev' property specifies a) busy memdev: (\S+)/,
    names: ['memdev'],
    means: 'another device uses the back end',
    change: ['one object for each device'],
  },
  {
    program: 'qemu',
    where: 'hw/i386/pc.c',
    pattern: /memory hotplug is not enabled: missing acpi device(?: or acpi disabled)?/,
    means: 'the machine has no ACPI, and DIMMs are told by ACPI',
    change: ['no -no-acpi; use -M q35 or pc, or virtio-mem'],
  },
  {
    program: 'qemu',
    where: 'hw/i386/pc.c, hw/arm/virt.c',
    pattern: /nvdimm is not enabled: (?:missing 'nvdimm' in '-M'|add 'nvdimm=on' to '-M')/,
    means: 'the machine was started without NVDIMMs',
    change: ['-M …,nvdimm=on'],
  },
  {
    program: 'qemu',
    where: 'hw/virtio/virtio-mem.c',
    pattern: new RegExp(`'requested-size' (?:property )?has to be multiples? of 'block-size' \\(${SIZE}\\)`),
    names: ['block_size'],
    means: 'the host asked for part of a device block',
    change: ['round requested-size'],
  },
  {
    program: 'qemu',
    where: 'hw/virtio/virtio-mem.c',
    pattern: /'requested-size' cannot exceed the memory backend size/,
    means: 'the host asked for more than the device has',
    change: ['a larger memdev, or less'],
  },
  {
    program: 'qemu',
    where: 'hw/virtio/virtio-mem.c',
    pattern:
      /virtio-mem device cannot get unplugged while (?:some of its memory is still plugged|'requested-size' != '0')/,
    means: 'the device still has memory in the guest, or is to have some',
    change: ['qom-set DEVICE requested-size 0, and wait until its size is 0', 'in the guest: mhp why RANGE'],
  },
  {
    program: 'libvirt',
    where: 'src/conf/domain_validate.c',
    pattern: /cannot use\/hotplug a memory device when domain 'maxMemory' is not defined/,
    means: 'the domain has no <maxMemory>',
    change: ["<maxMemory slots='16' unit='GiB'>64</maxMemory>, and start it anew"],
  },
  {
    program: 'libvirt',
    where: 'src/qemu/qemu_domain.c',
    pattern: /[Aa]ttaching memory device (?:with size '\d+' )?would exceed domain's maxMemory config/,
    means: 'the sum of memory would be more than <maxMemory>',
    change: ['a larger <maxMemory>, from the next start on'],
  },
  {
    program: 'libvirt',
    where: 'src/qemu/qemu_domain.c',
    pattern: /memory device count '(\d+)' exceeds slots count '(\d+)'/,
    names: ['devices', 'slots'],
    means: 'more memory devices than slots',
    change: ["<maxMemory slots='MORE'>"],
  },
  {
    program: 'libvirt',
    where: 'src/qemu/qemu_hotplug.c',
    pattern: /no free memory device slot available/,
    means: 'all memory slots of the domain are taken',
    change: ["<maxMemory slots='MORE'>, from the next start on", 'fewer and larger devices, or virtio-mem'],
  },
  {
    program: 'libvirt',
    where: 'src/conf/domain_validate.c',
    pattern: /requested size must be an integer multiple of block size/,
    means: 'virtio-mem: part of a device block was asked for',
    change: ['round <requested>'],
  },
  {
    program: 'libvirt',
    where: 'src/qemu/qemu_hotplug.c',
    pattern:
      /(?:unplug of device was rejected by the guest|device unplug request for device '[^']*' was rejected by the guest|acpi eject (?:request was )?rejected)/,
    means: 'the guest could not take the memory offline',
    change: ['in the guest: mhp why RANGE', 'online DIMMs as movable in the guest'],
  },
  {
    program: 'daxctl',
    where: 'daxctl/device.c',
    pattern: /error: kernel policy will auto-online memory, aborting/,
    means: 'new memory would go online by itself, perhaps not as movable, and then never come back',
    change: [
      'echo offline > /sys/devices/system/memory/auto_online_blocks',
      'or daxctl reconfigure-device --force',
    ],
  },
  {
    program: 'daxctl',
    where: 'daxctl/device.c',
    pattern: /WARNING: detected a race while onlining memory/,
    means: 'something else, such as a udev rule, brought blocks online first, perhaps in another zone',
    change: [
      'stop the rule; offline and online the blocks again: daxctl offline-memory DEVICE; daxctl online-memory DEVICE',
    ],
  },
  {
    program: 'daxctl',
    where: 'daxctl/device.c',
    pattern:
      /^(dax\d+\.\d+): (?:all memory sections \((\d+)\)|(\d+) memory sections?) already (online|offline)$/,
    names: ['device', 'all', 'some', 'state'],
    means: 'the blocks have that state already: something else, or an earlier run, has done it',
    change: ['daxctl list -u: online_memblocks and movable of the device'],
  },
  {
    program: 'daxctl',
    where: 'daxctl/device.c',
    pattern: /^(dax\d+\.\d+): failed to (online|offline) (?:memory: (.+)|(\d+) memory sections)$/,
    names: ['device', 'action', 'error', 'blocks'],
    means: 'the kernel refused memory blocks of the device',
    change: ['mhp why RANGE'],
  },
  {
    program: 'daxctl',
    where: 'daxctl/device.c',
    pattern: /^(dax\d+\.\d+): (?:found (\d+) memory sections online|refusing to change modes)$/,
    names: ['device', 'blocks'],
    means: 'the device is system RAM with blocks online',
    change: ['daxctl offline-memory DEVICE, or daxctl reconfigure-device --force'],
  },
  {
    program: 'daxctl',
    where: 'daxctl/lib/libdaxctl.c',
    pattern: /(\S+): Failed to (offline|online) (\S+): (.+)/,
    names: ['device', 'action', 'path', 'error'],
    means: 'the kernel refused a memory block of the device',
    change: ['mhp why RANGE'],
  },
  {
    program: 'daxctl',
    where: 'daxctl/device.c',
    pattern: /error reconfiguring devices: (.+)/,
    names: ['error'],
    means: 'the device kept its mode',
    change: ['offline its memory first: daxctl offline-memory DEVICE', 'mhp why RANGE'],
  },
  {
    program: 'ndctl',
    where: 'ndctl/namespace.c',
    pattern: /(namespace\d+\.\d+) is active, specify --force for re-configuration/,
    names: ['namespace'],
    means: 'the namespace is in use',
    change: ['ndctl disable-namespace NAMESPACE, or --force'],
  },
  {
    program: 'ndctl',
    where: 'ndctl/namespace.c',
    pattern: /failed to create namespace: (.+)/,
    names: ['error'],
    means: 'the kernel did not accept the namespace; its log says why',
    change: ['dmesg | mhp explain', 'mhp plan pmem LAYOUT'],
  },
  {
    program: 'ndctl',
    where: 'ndctl/namespace.c',
    pattern: /failed to reconfigure namespace: (.+)/,
    names: ['error'],
    means: 'the namespace kept its mode or lost it; the kernel log says why',
    change: ['dmesg | mhp explain'],
  },
  {
    program: 'ndctl',
    where: 'ndctl/lib/libndctl.c',
    pattern: /ndctl_(pfn|dax|namespace)_enable: (\S+): failed to enable/,
    names: ['kind', 'device'],
    means: 'no driver bound to the device',
    change: ['dmesg | mhp explain'],
  },
  {
    program: 'systemd-udevd',
    where: 'src/udev/udev-rules.c',
    pattern:
      /^(memory\d+): .*Failed to write "(\w+)" to sysfs attribute "(?:[^"]*\/)?(state|online)", ignoring: (.+)$/,
    names: ['block', 'value', 'attribute', 'error'],
    means: 'a rule tried to bring the block online, and the kernel refused: EINVAL if it was online already',
    change: ['nothing, if auto_online_blocks brings memory online: one of the two is enough'],
  },
  {
    program: 'systemd-udevd',
    where: 'src/udev/udev-rules.c',
    pattern: /^(memory\d+): .*Failed to write ATTR\{[^}]*\/(state|online)\}(?:="(\w+)")?, ignoring: (.+)$/,
    names: ['block', 'attribute', 'value', 'error'],
    means: 'a rule tried to bring the block online, and the kernel refused: EINVAL if it was online already',
    change: ['nothing, if auto_online_blocks brings memory online: one of the two is enough'],
  },
  {
    program: 'util-linux',
    where: 'sys-utils/chmem.c',
    pattern: /^chmem: (?:Memory Block (\d+) \((.+?)\) )?(enable|disable) failed(?:: (.+))?$/,
    names: ['block', 'range', 'action', 'error'],
    means: 'the kernel refused the block',
    change: ['mhp why BLOCK'],
  },
  {
    program: 'util-linux',
    where: 'sys-utils/chmem.c',
    pattern: /^chmem: Could only (enable|disable) (.+) of memory$/,
    names: ['action', 'size'],
    means: 'only part of the size could be done',
    change: ['mhp why --all'],
  },
  {
    program: 'kdump',
    where: 'kdump-config, kdumpctl',
    pattern:
      /^(?:kdump(?:ctl|-config)?: )?(?:No memory reserved for crash kernel|no crashkernel= parameter in the kernel cmdline)\.?$/,
    means: 'no memory is reserved for a crash kernel',
    change: ['crashkernel=SIZE on the kernel command line'],
  },
  {
    program: 'shell',
    where: 'write(2)',
    pattern:
      /^(?:-?\w*sh: )?(?:line \d+: )?echo: (?:write error|Schreibfehler|erreur d['’]écriture|error de escritura|errore di scrittura): (.+)$/i,
    names: ['error'],
    means: 'the kernel refused what was written to a file of sysfs',
    change: ['mhp why BLOCK, if it was the state of a memory block'],
  },
];

/** Programs by the names in front of their messages. */
const AUTHORS: readonly (readonly [RegExp, Program])[] = [
  [/^qemu-system-\w+: |^\(qemu\) Error: |^Error: |"desc": "/, 'qemu'],
  [/^error: |: internal error: |^virsh: /, 'libvirt'],
];

/** Whether a line can come from a program: it says so, or the log does. */
export const mayBeOf = (program: Program, text: string, author: string | null): boolean => {
  if (author === null || author === 'kernel') return author !== 'kernel' || program === 'kdump';
  if (author.includes(program)) return true;
  const other = AUTHORS.find(([pattern]) => pattern.test(text))?.[1];
  if (other === program) return true;
  return (
    !['systemd-udevd', 'libvirtd', 'virtqemud', 'qemu-system'].some((name) => author.startsWith(name)) ||
    author.startsWith('virt') ||
    author.startsWith('libvirt')
  );
};
