import type { ProgramMessage } from './message.ts';

/** Messages of libvirt. */
export const LIBVIRT: readonly ProgramMessage[] = [
  {
    program: 'libvirt',
    sources: [
      {
        file: 'src/conf/domain_conf.c',
        fn: 'virDomainDefCompatibleDevice',
        text: "cannot use/hotplug a memory device when domain 'maxMemory' is not defined",
      },
      {
        file: 'src/qemu/qemu_domain.c',
        fn: 'qemuDomainDefValidateMemoryHotplug',
        text: "cannot use/hotplug a memory device when domain 'maxMemory' is not defined",
      },
    ],
    pattern: /cannot use\/hotplug a memory device when domain 'maxMemory' is not defined/,
    means: 'the domain has no <maxMemory>',
    change: ["<maxMemory slots='16' unit='GiB'>64</maxMemory>, and start it anew"],
  },
  {
    program: 'libvirt',
    sources: [
      {
        file: 'src/conf/domain_conf.c',
        fn: 'virDomainDefCompatibleDevice',
        text: "Attaching memory device with size '%llu' would exceed domain's maxMemory config size '%llu'",
      },
    ],
    pattern: /[Aa]ttaching memory device (?:with size '\d+' )?would exceed domain's maxMemory config/,
    means: 'the sum of memory would be more than <maxMemory>',
    change: ['a larger <maxMemory>, from the next start on'],
  },
  {
    program: 'libvirt',
    sources: [
      {
        file: 'src/qemu/qemu_domain.c',
        fn: 'qemuDomainDefValidateMemoryHotplug',
        text: "memory device count '%u' exceeds slots count '%u'",
      },
      {
        file: 'src/qemu/qemu_domain.c',
        fn: 'qemuDomainDefValidateMemoryHotplug',
        text: "count of memory devices requiring memory slots '%zu' exceeds slots count '%u'",
      },
    ],
    pattern:
      /(?:memory device count|count of memory devices requiring memory slots) '(\d+)' exceeds slots count '(\d+)'/,
    names: ['devices', 'slots'],
    means: 'more memory devices than slots',
    change: ["<maxMemory slots='MORE'>"],
  },
  {
    program: 'libvirt',
    sources: [
      {
        file: 'src/qemu/qemu_driver.c',
        fn: 'qemuDomainAttachMemoryConfig',
        text: 'no free memory device slot available',
      },
    ],
    pattern: /no free memory device slot available/,
    means: 'all memory slots of the domain are taken',
    change: ["<maxMemory slots='MORE'>, from the next start on", 'fewer and larger devices, or virtio-mem'],
  },
  {
    program: 'libvirt',
    sources: [
      {
        file: 'src/conf/domain_validate.c',
        fn: 'virDomainMemoryDefValidate',
        text: 'requested size must be an integer multiple of block size',
      },
    ],
    pattern: /requested size must be an integer multiple of block size/,
    means: 'virtio-mem: part of a device block was asked for',
    change: ['round <requested>'],
  },
  {
    program: 'libvirt',
    sources: [
      {
        file: 'src/qemu/qemu_hotplug.c',
        fn: 'qemuDomainWaitForDeviceRemoval',
        text: 'unplug of device was rejected by the guest',
      },
    ],
    pattern: /unplug of device was rejected by the guest/,
    means: 'the guest could not take the memory offline',
    change: ['in the guest: mhp why RANGE', 'online DIMMs as movable in the guest'],
  },
  {
    program: 'libvirt',
    sources: [
      {
        file: 'src/qemu/qemu_domain.c',
        fn: 'qemuDomainDefValidateMemoryHotplugDevice',
        text: "memory device slot '%u' exceeds slots count '%u'",
      },
    ],
    pattern: /memory device slot '(\d+)' exceeds slots count '(\d+)'/,
    names: ['slot', 'slots'],
    means: 'the domain has no such slot',
    change: ["leave the slot of <address type='dimm'> out, or <maxMemory slots='MORE'>"],
  },
  {
    program: 'libvirt',
    sources: [
      {
        file: 'src/conf/domain_validate.c',
        fn: 'virDomainMemoryDefValidate',
        text: 'requested size must be smaller than or equal to @size (%lluKiB)',
      },
    ],
    pattern: /requested size must be smaller than or equal to @size \((\d+)KiB\)/,
    names: ['size_kib'],
    means: 'virtio-mem: more was asked for than the device has',
    change: ['a smaller <requested>, or a device with a larger <size>'],
  },
  {
    program: 'libvirt',
    sources: [
      {
        file: 'src/conf/domain_validate.c',
        fn: 'virDomainMemoryDefValidate',
        text: 'block size too small, must be at least %lluKiB',
      },
    ],
    pattern: /block size too small, must be at least (\d+)KiB/,
    names: ['least_kib'],
    means: 'virtio-mem: a device block is at least a transparent huge page of the host',
    change: ['<block> of 2048 KiB or more on x86-64'],
  },
];
