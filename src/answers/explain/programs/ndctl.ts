import type { ProgramMessage } from './message.ts';

/** Messages of ndctl and daxctl. */
export const NDCTL: readonly ProgramMessage[] = [
  {
    program: 'daxctl',
    sources: [
      {
        file: 'daxctl/device.c',
        fn: 'reconfig_mode_system_ram',
        text: '%s: error: kernel policy will auto-online memory, aborting',
        args: ['dax0.0'],
      },
    ],
    pattern: /error: kernel policy will auto-online memory, aborting/,
    means: 'new memory would go online by itself, perhaps not as movable, and then never come back',
    change: [
      'echo offline > /sys/devices/system/memory/auto_online_blocks',
      'or daxctl reconfigure-device --force',
    ],
  },
  {
    program: 'daxctl',
    sources: [
      {
        file: 'daxctl/device.c',
        fn: 'dev_online_memory',
        text: 'WARNING: detected a race while onlining memory',
      },
      {
        file: 'daxctl/lib/libdaxctl.c',
        fn: 'daxctl_memory_online_with_zone',
        text: 'WARNING: detected a race while onlining memory',
      },
    ],
    pattern: /WARNING: detected a race while onlining memory/,
    means: 'something else, such as a udev rule, brought blocks online first, perhaps in another zone',
    change: [
      'stop the rule; offline and online the blocks again: daxctl offline-memory DEVICE; daxctl online-memory DEVICE',
    ],
  },
  {
    program: 'daxctl',
    sources: [
      {
        file: 'daxctl/device.c',
        fn: 'dev_online_memory',
        text: '%s: all memory sections (%d) already online',
        args: ['dax0.0'],
      },
      {
        file: 'daxctl/device.c',
        fn: 'dev_online_memory',
        text: '%s: %d memory section%s already online',
        args: ['dax0.0', 's'],
      },
      {
        file: 'daxctl/device.c',
        fn: 'dev_offline_memory',
        text: '%s: all memory sections (%d) already offline',
        args: ['dax0.0'],
      },
      {
        file: 'daxctl/device.c',
        fn: 'dev_offline_memory',
        text: '%s: %d memory section%s already offline',
        args: ['dax0.0', 's'],
      },
    ],
    pattern:
      /^(dax\d+\.\d+): (?:all memory sections \((\d+)\)|(\d+) memory sections?) already (online|offline)$/,
    names: ['device', 'all', 'some', 'state'],
    means: 'the blocks have that state already: something else, or an earlier run, has done it',
    change: ['daxctl list -u: online_memblocks and movable of the device'],
  },
  {
    program: 'daxctl',
    sources: [
      {
        file: 'daxctl/device.c',
        fn: 'dev_online_memory',
        text: '%s: failed to online memory: %s',
        args: ['dax0.0'],
      },
      {
        file: 'daxctl/device.c',
        fn: 'dev_online_memory',
        text: '%s: failed to online %d memory sections',
        args: ['dax0.0'],
      },
      {
        file: 'daxctl/device.c',
        fn: 'dev_offline_memory',
        text: '%s: failed to offline memory: %s',
        args: ['dax0.0'],
      },
      {
        file: 'daxctl/device.c',
        fn: 'dev_offline_memory',
        text: '%s: failed to offline %d memory sections',
        args: ['dax0.0'],
      },
    ],
    pattern: /^(dax\d+\.\d+): failed to (online|offline) (?:memory: (.+)|(\d+) memory sections)$/,
    names: ['device', 'action', 'error', 'blocks'],
    means: 'the kernel refused memory blocks of the device',
    change: ['mhp why RANGE'],
  },
  {
    program: 'daxctl',
    sources: [
      {
        file: 'daxctl/device.c',
        fn: 'disable_system_ram_device',
        text: '%s: found %d memory sections online',
        args: ['dax0.0'],
      },
      {
        file: 'daxctl/device.c',
        fn: 'disable_system_ram_device',
        text: '%s: refusing to change modes',
        args: ['dax0.0'],
      },
    ],
    pattern: /^(dax\d+\.\d+): (?:found (\d+) memory sections online|refusing to change modes)$/,
    names: ['device', 'blocks'],
    means: 'the device is system RAM with blocks online',
    change: ['daxctl offline-memory DEVICE, or daxctl reconfigure-device --force'],
  },
  {
    program: 'daxctl',
    sources: [
      { file: 'daxctl/lib/libdaxctl.c', fn: 'offline_one_memblock', text: '%s: Failed to offline %s: %s' },
    ],
    pattern: /(\S+): Failed to (offline|online) (\S+): (.+)/,
    names: ['device', 'action', 'path', 'error'],
    means: 'the kernel refused a memory block of the device',
    change: ['mhp why RANGE'],
  },
  {
    program: 'daxctl',
    sources: [
      { file: 'daxctl/device.c', fn: 'cmd_reconfig_device', text: 'error reconfiguring devices: %s' },
    ],
    pattern: /error reconfiguring devices: (.+)/,
    names: ['error'],
    means: 'the device kept its mode',
    change: ['offline its memory first: daxctl offline-memory DEVICE', 'mhp why RANGE'],
  },
  {
    program: 'ndctl',
    sources: [
      {
        file: 'ndctl/namespace.c',
        fn: 'namespace_prep_reconfig',
        text: '%s is active, specify --force for re-configuration',
        args: ['namespace0.0'],
      },
    ],
    pattern: /(namespace\d+\.\d+) is active, specify --force for re-configuration/,
    names: ['namespace'],
    means: 'the namespace is in use',
    change: ['ndctl disable-namespace NAMESPACE, or --force'],
  },
  {
    program: 'ndctl',
    sources: [
      {
        file: 'ndctl/namespace.c',
        fn: 'cmd_create_namespace',
        text: 'failed to %s namespace: %s',
        args: ['create'],
      },
    ],
    pattern: /failed to create namespace: (.+)/,
    names: ['error'],
    means: 'the kernel did not accept the namespace; its log says why',
    change: ['dmesg | mhp explain', 'mhp plan pmem LAYOUT'],
  },
  {
    program: 'ndctl',
    sources: [
      {
        file: 'ndctl/namespace.c',
        fn: 'cmd_create_namespace',
        text: 'failed to %s namespace: %s',
        args: ['reconfigure'],
      },
    ],
    pattern: /failed to reconfigure namespace: (.+)/,
    names: ['error'],
    means: 'the namespace kept its mode or lost it; the kernel log says why',
    change: ['dmesg | mhp explain'],
  },
  {
    program: 'ndctl',
    sources: [
      { file: 'ndctl/lib/libndctl.c', fn: 'ndctl_namespace_enable', text: '%s: failed to enable' },
      { file: 'ndctl/lib/libndctl.c', fn: 'ndctl_pfn_enable', text: '%s: failed to enable' },
      { file: 'ndctl/lib/libndctl.c', fn: 'ndctl_dax_enable', text: '%s: failed to enable' },
    ],
    pattern: /ndctl_(pfn|dax|namespace)_enable: (\S+): failed to enable/,
    names: ['kind', 'device'],
    means: 'no driver bound to the device',
    change: ['dmesg | mhp explain'],
  },
  {
    program: 'ndctl',
    sources: [
      {
        file: 'ndctl/namespace.c',
        fn: 'validate_namespace_options',
        text: "'--size=' must align to interleave-width: %d and alignment: %ld",
      },
    ],
    pattern: /'--size=' must align to interleave-width: (\d+) and alignment: (\d+)/,
    names: ['ways', 'align'],
    means: 'the size is no multiple of the alignment times the interleave ways',
    change: ['a multiple of their product', 'mhp plan pmem LAYOUT'],
  },
  {
    program: 'ndctl',
    sources: [
      {
        file: 'ndctl/namespace.c',
        fn: 'validate_namespace_options',
        text: '%s: align setting is %#lx size %#llx is misaligned',
      },
    ],
    pattern: /align setting is (0x[0-9a-f]+|0) size (0x[0-9a-f]+|0) is misaligned/,
    names: ['align', 'size'],
    means: 'the size of the namespace is no multiple of its alignment',
    change: ['a multiple of it, or a smaller --align', 'mhp plan pmem LAYOUT'],
  },
];
