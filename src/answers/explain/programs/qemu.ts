import type { ProgramMessage } from './message.ts';

const SIZE = '(0x[0-9a-f]+|\\d+)';

/** Messages of QEMU. */
export const QEMU: readonly ProgramMessage[] = [
  {
    program: 'qemu',
    sources: [
      {
        file: 'hw/mem/memory-device.c',
        fn: 'memory_device_check_addable',
        text: 'not enough space, currently 0x%lx in use of total space for memory devices 0x%lx',
      },
    ],
    pattern: new RegExp(
      `not enough space, currently ${SIZE} in use of total (?:space for memory devices|hot pluggable)? ?${SIZE}`,
    ),
    names: ['used', 'total'],
    means: 'maxmem leaves no room for the device',
    change: ['-m SIZE,slots=N,maxmem=LARGER'],
  },
  {
    program: 'qemu',
    sources: [
      {
        file: 'hw/mem/memory-device.c',
        fn: 'memory_device_get_free_addr',
        text: 'memory devices (e.g. for memory hotplug) are not enabled, please specify the maxmem option',
      },
      {
        file: 'hw/mem/memory-device.c',
        fn: 'memory_device_pre_plug',
        text: 'the configuration is not prepared for memory devices (e.g., for memory hotplug), consider specifying the maxmem option',
      },
    ],
    pattern:
      /memory devices \(e\.g\. for memory hotplug\) are not enabled, please specify the maxmem option|the configuration is not prepared for memory devices \(e\.g\., for memory hotplug\), consider specifying the maxmem option/,
    means: 'the machine was started without room for memory devices',
    change: ['-m SIZE,slots=N,maxmem=MAX'],
  },
  {
    program: 'qemu',
    sources: [
      {
        file: 'hw/mem/memory-device.c',
        fn: 'memory_device_get_free_addr',
        text: 'memory devices (e.g. for memory hotplug) are not supported by the machine',
      },
    ],
    pattern: /memory devices \(e\.g\. for memory hotplug\) are not supported by the machine/,
    means: 'this machine type has no memory devices',
    change: ['use -M q35, pc or virt'],
  },
  {
    program: 'qemu',
    sources: [
      {
        file: 'hw/mem/pc-dimm.c',
        fn: 'pc_dimm_get_free_slot',
        text: "no slots where allocated, please specify the 'slots' option",
      },
    ],
    pattern: /no slots where allocated, please specify the 'slots' option/,
    means: 'the machine was started with no slots for DIMMs',
    change: ['-m SIZE,slots=N,maxmem=MAX'],
  },
  {
    program: 'qemu',
    sources: [{ file: 'hw/mem/pc-dimm.c', fn: 'pc_dimm_get_free_slot', text: 'no free slots available' }],
    pattern: /no free slots available/,
    means: 'all slots have a DIMM',
    change: ['start with more slots (at most 256), or use one larger DIMM or virtio-mem'],
  },
  {
    program: 'qemu',
    sources: [{ file: 'hw/mem/pc-dimm.c', fn: 'pc_dimm_get_free_slot', text: 'slot %d is busy' }],
    pattern: /slot (\d+) is busy/,
    names: ['slot'],
    means: 'the slot has a DIMM',
    change: ['leave slot= out'],
  },
  {
    program: 'qemu',
    sources: [
      {
        file: 'hw/mem/memory-device.c',
        fn: 'memory_device_get_free_addr',
        text: "can't add memory device [0x%lx:0x%lx], usable range for memory devices [0x%lx:0x%lx]",
      },
    ],
    pattern: new RegExp(
      `can't add memory device \\[${SIZE}:${SIZE}\\](?:, usable range for memory devices \\[${SIZE}:${SIZE}\\]| before ${SIZE}| beyond ${SIZE})`,
    ),
    names: ['start', 'size', 'usable_start', 'usable_size', 'usable_start', 'usable_end'],
    means: 'the address is outside of the space that the machine has for memory devices',
    change: ['leave addr= out, or choose one within the usable range', 'a larger maxmem'],
  },
  {
    program: 'qemu',
    sources: [],
    reported: 'QEMU before 7.2',
    pattern: new RegExp(`the alignment \\(${SIZE}\\) is not supported`),
    names: ['alignment'],
    means: 'pages of the back end are larger than what device memory is aligned to',
    change: ['a back end with smaller huge pages'],
  },
  {
    program: 'qemu',
    sources: [
      {
        file: 'hw/mem/pc-dimm.c',
        fn: 'pc_dimm_get_free_slot',
        text: 'invalid slot# %d, should be less than %d',
      },
    ],
    pattern: /invalid slot# (-?\d+), should be less than (\d+)/,
    names: ['slot', 'slots'],
    means: 'the machine has no such slot',
    change: ['-m SIZE,slots=MORE,maxmem=MAX'],
  },
  {
    program: 'qemu',
    sources: [
      {
        file: 'hw/mem/pc-dimm.c',
        fn: 'pc_dimm_pre_plug',
        text: 'invalid slot number %d, valid range is [0-%lu]',
      },
    ],
    pattern: /invalid slot number (-?\d+), valid range is \[0-(\d+)\]/,
    names: ['slot', 'last'],
    means: 'the machine has no such slot',
    change: ['-m SIZE,slots=MORE,maxmem=MAX'],
  },
  {
    program: 'qemu',
    sources: [
      {
        file: 'hw/mem/memory-device.c',
        fn: 'memory_device_get_free_addr',
        text: 'address must be aligned to 0x%lx bytes',
      },
    ],
    pattern: new RegExp(`address must be aligned to ${SIZE} bytes`),
    names: ['alignment'],
    means: 'the address does not have the alignment of its back end (huge pages) or machine',
    change: ['choose a multiple; the guest has its own rule besides: mhp plan add SIZE --at ADDRESS'],
  },
  {
    program: 'qemu',
    sources: [
      {
        file: 'hw/mem/memory-device.c',
        fn: 'memory_device_get_free_addr',
        text: 'backend memory size must be multiple of 0x%lx',
      },
      {
        file: 'hw/mem/memory-device.c',
        fn: 'memory_device_pre_plug',
        text: 'backend memory size must be multiple of 0x%lx',
      },
    ],
    pattern: new RegExp(`backend memory size must be multiple of ${SIZE}`),
    names: ['multiple'],
    means: 'the size of the back end is no multiple of its page size',
    change: ['round the size; for the guest also to its memory block size'],
  },
  {
    program: 'qemu',
    sources: [
      {
        file: 'hw/mem/memory-device.c',
        fn: 'memory_device_get_free_addr',
        text: "address range conflicts with memory device id='%s'",
      },
    ],
    pattern: /address range conflicts with memory device id='([^']*)'/,
    names: ['id'],
    means: 'another memory device is there',
    change: ['leave addr= out, or see query-memory-devices'],
  },
  {
    program: 'qemu',
    sources: [
      {
        file: 'hw/mem/memory-device.c',
        fn: 'memory_device_get_free_addr',
        text: 'could not find position in guest address space for memory device - memory fragmented due to alignments',
      },
    ],
    pattern:
      /could not find position in guest address space for memory device - memory fragmented due to alignments/,
    means: 'no gap in the device memory is large enough at its alignment',
    change: ['a larger maxmem'],
  },
  {
    program: 'qemu',
    sources: [
      {
        file: 'hw/mem/memory-device.c',
        fn: 'memory_device_check_addable',
        text: 'hypervisor has no free memory slots left',
      },
      {
        file: 'hw/mem/memory-device.c',
        fn: 'memory_device_check_addable',
        text: 'hypervisor has not enough free memory slots left',
      },
    ],
    pattern: /hypervisor has (?:no|not enough) free memory slots left/,
    means: 'KVM has no slot for another range of guest memory',
    change: ['fewer and larger devices'],
  },
  {
    program: 'qemu',
    sources: [
      {
        file: 'hw/mem/memory-device.c',
        fn: 'memory_device_check_addable',
        text: 'a used vhost backend has no free memory slots left',
      },
      {
        file: 'hw/mem/memory-device.c',
        fn: 'memory_device_check_addable',
        text: 'a used vhost backend has not enough free memory slots left',
      },
    ],
    pattern: /a used vhost backend has (?:no|not enough) free memory slots left/,
    means: 'a vhost device can take no more ranges of memory',
    change: ['modprobe vhost max_mem_regions=509', 'fewer and larger devices'],
  },
  {
    program: 'qemu',
    sources: [
      {
        file: 'hw/virtio/virtio-mem.c',
        fn: 'virtio_mem_set_block_size',
        text: "'%s' property has to be a power of two",
        args: ['block-size'],
      },
    ],
    pattern: /'block-size' property has to be a power of two/,
    means: 'virtio-mem has device blocks of a power of 2 only',
    change: ['block-size=2M, or leave it out', 'mhp plan add SIZE --kind virtio-mem --device-block SIZE'],
  },
  {
    program: 'qemu',
    sources: [
      {
        file: 'hw/virtio/virtio-mem.c',
        fn: 'virtio_mem_device_realize',
        text: "'%s' property has to be at least the page size (0x%lx)",
        args: ['block-size'],
      },
      {
        file: 'hw/virtio/virtio-mem.c',
        fn: 'virtio_mem_set_block_size',
        text: "'%s' property has to be at least 0x%x",
        args: ['block-size'],
      },
    ],
    pattern: new RegExp(`'block-size' property has to be at least (?:the page size )?\\(?${SIZE}\\)?`),
    names: ['least'],
    means: 'a device block is smaller than a page of the back end, or than QEMU allows',
    change: ['leave block-size out'],
  },
  {
    program: 'qemu',
    sources: [
      { file: 'hw/mem/pc-dimm.c', fn: 'pc_dimm_realize', text: "can't use already busy memdev: %s" },
      {
        file: 'hw/virtio/virtio-mem.c',
        fn: 'virtio_mem_device_realize',
        text: "'%s' property specifies a busy memdev: %s",
        args: ['memdev'],
      },
    ],
    pattern: /(?:can't use already|'memdev' property specifies a) busy memdev: (\S+)/,
    names: ['memdev'],
    means: 'another device uses the back end',
    change: ['one object for each device'],
  },
  {
    program: 'qemu',
    sources: [
      {
        file: 'hw/i386/pc.c',
        fn: 'pc_memory_pre_plug',
        text: 'memory hotplug is not enabled: missing acpi device or acpi disabled',
      },
      {
        file: 'hw/i386/pc.c',
        fn: 'pc_memory_unplug_request',
        text: 'memory hotplug is not enabled: missing acpi device or acpi disabled',
      },
      {
        file: 'hw/arm/virt.c',
        fn: 'virt_memory_pre_plug',
        text: 'memory hotplug is not enabled: missing acpi-ged device',
      },
    ],
    pattern:
      /memory hotplug is not enabled: missing (?:acpi device or acpi disabled|acpi device|acpi-ged device)/,
    means: 'the machine has no ACPI, and DIMMs are told by ACPI',
    change: ['no -no-acpi; use -M q35 or pc, or virtio-mem'],
  },
  {
    program: 'qemu',
    sources: [
      {
        file: 'hw/i386/pc.c',
        fn: 'pc_memory_pre_plug',
        text: "nvdimm is not enabled: missing 'nvdimm' in '-M'",
      },
      {
        file: 'hw/arm/virt.c',
        fn: 'virt_memory_pre_plug',
        text: "nvdimm is not enabled: add 'nvdimm=on' to '-M'",
      },
    ],
    pattern: /nvdimm is not enabled: (?:missing 'nvdimm' in '-M'|add 'nvdimm=on' to '-M')/,
    means: 'the machine was started without NVDIMMs',
    change: ['-M …,nvdimm=on'],
  },
  {
    program: 'qemu',
    sources: [
      {
        file: 'hw/virtio/virtio-mem.c',
        fn: 'virtio_mem_device_realize',
        text: "'%s' property has to be multiples of '%s' (0x%lx)",
        args: ['requested-size', 'block-size'],
      },
      {
        file: 'hw/virtio/virtio-mem.c',
        fn: 'virtio_mem_set_requested_size',
        text: "'%s' has to be multiples of '%s' (0x%lx)",
        args: ['requested-size', 'block-size'],
      },
    ],
    pattern: new RegExp(`'requested-size' (?:property )?has to be multiples? of 'block-size' \\(${SIZE}\\)`),
    names: ['block_size'],
    means: 'the host asked for part of a device block',
    change: ['round requested-size'],
  },
  {
    program: 'qemu',
    sources: [
      {
        file: 'hw/virtio/virtio-mem.c',
        fn: 'virtio_mem_set_requested_size',
        text: "'%s' cannot exceed the memory backend size(0x%lx)",
        args: ['requested-size'],
      },
    ],
    pattern: /'requested-size' cannot exceed the memory backend size/,
    means: 'the host asked for more than the device has',
    change: ['a larger memdev, or less'],
  },
  {
    program: 'qemu',
    sources: [
      {
        file: 'hw/virtio/virtio-mem.c',
        fn: 'virtio_mem_unplug_request_check',
        text: 'virtio-mem device cannot get unplugged while some of its memory is still plugged',
      },
      {
        file: 'hw/virtio/virtio-mem.c',
        fn: 'virtio_mem_unplug_request_check',
        text: "virtio-mem device cannot get unplugged while 'requested-size' != '0'",
      },
    ],
    pattern:
      /virtio-mem device cannot get unplugged while (?:some of its memory is still plugged|'requested-size' != '0')/,
    means: 'the device still has memory in the guest, or is to have some',
    change: ['qom-set DEVICE requested-size 0, and wait until its size is 0', 'in the guest: mhp why RANGE'],
  },
  {
    program: 'qemu',
    sources: [
      {
        file: 'hw/mem/memory-device.c',
        fn: 'memory_device_get_free_addr',
        text: "can't add memory device, device too big",
      },
    ],
    pattern: /can't add memory device, device too big/,
    means: 'the address and the size of the device pass the end of the address space',
    change: ['leave addr= out, or a smaller device'],
  },
  {
    program: 'qemu',
    sources: [
      {
        file: 'hw/arm/virt.c',
        fn: 'virt_memory_pre_plug',
        text: 'memory hotplug is not enabled: MTE is enabled',
      },
    ],
    pattern: /memory hotplug is not enabled: MTE is enabled/,
    means: 'a machine with memory tags takes no memory devices',
    change: ['-M virt,mte=off'],
  },
  {
    program: 'qemu',
    sources: [
      {
        file: 'hw/i386/pc.c',
        fn: 'pc_memory_unplug_request',
        text: 'nvdimm device hot unplug is not supported yet.',
      },
      {
        file: 'hw/arm/virt.c',
        fn: 'virt_dimm_unplug_request',
        text: 'nvdimm device hot unplug is not supported yet.',
      },
    ],
    pattern: /nvdimm device hot unplug is not supported yet/,
    means: 'QEMU never unplugs an NVDIMM from a running machine',
    change: ['a DIMM or virtio-mem, if it has to go again'],
  },
  {
    program: 'qemu',
    sources: [
      {
        file: 'hw/virtio/virtio-mem.c',
        fn: 'virtio_mem_unplug_request_check',
        text: "virtio-mem device cannot get unplugged while 'unplugged-inaccessible' != 'on'",
      },
    ],
    pattern: /virtio-mem device cannot get unplugged while 'unplugged-inaccessible' != 'on'/,
    means: 'the guest may still read memory of the device that is not plugged',
    change: ['unplugged-inaccessible=on, from the next start on'],
  },
];
