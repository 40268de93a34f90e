/** What messages of the kernel mean for who runs the machine, by the function that prints them and words of their format. */

export interface Advice {
  readonly means: string;
  /** What to change; commands begin with "$ ". */
  readonly change: readonly string[];
}

interface Rule extends Advice {
  /** The beginning, or a part, of the format as in the source. */
  readonly format: string;
}

const WHY = '$ mhp why RANGE';

export const KERNEL_ADVICE: readonly Rule[] = [
  {
    format: 'memory offlining [mem %#010llx-%#010llx] failed due to %s',
    means: 'the block stays online, for the reason at the end of the line',
    change: [WHY],
  },
  {
    format: 'page dumped because: ',
    means:
      'the page before this line kept memory from going offline, or was in a state that it must not be in',
    change: ['look at the words of its flags line: slab and reserved pages never move', WHY],
  },
  {
    format: 'Offlined Pages %ld',
    means: 'so many pages went offline: it worked',
    change: [],
  },
  {
    format: 'Block size [%#lx] unaligned hotplug range: start %#llx, size %#llx',
    means:
      'the start or the size of the device is no multiple of the memory block size: the kernel refuses all of it',
    change: [
      'give the device a size and an address that are multiples of the block size',
      '$ mhp plan add SIZE --at ADDRESS',
    ],
  },
  {
    format: 'removing memory fails, because memory [%pa-%pa] is onlined',
    means: 'a block of the range is still online',
    change: [
      'take every block of the range offline first',
      '$ echo offline > /sys/devices/system/memory/memoryN/state',
    ],
  },
  {
    format: 'Boot memory [%lx %lx] offlining attempted',
    means: 'arm64 never offlines memory that was there at boot',
    change: ['plug memory as a DIMM, virtio-mem or dax device to be able to take it back'],
  },
  {
    format: 'splits a leaf entry in linear map',
    means: 'taking the block alone would split a block mapping of the linear map',
    change: ['take all blocks of the device together, or boot with rodata=full'],
  },
  {
    format: 'exceeds maximum addressable range',
    means: 'the range ends above what the linear map of this kernel can hold',
    change: ['place the device lower'],
  },
  {
    format: 'add_memory failed',
    means: 'the kernel refused the memory of an ACPI device; the line before it says why',
    change: ['look for "unaligned hotplug range" before it'],
  },
  {
    format: 'acpi_memory_enable_device() error',
    means: 'the memory device got no driver: none of its memory was added',
    change: ['the lines before it say why'],
  },
  {
    format: 'Offline failed.',
    means:
      'an eject of a DIMM failed at this block; the blocks that it had taken offline are online again, maybe in another zone',
    change: [WHY, 'check the zones of its other blocks: mhp ls -o +ZONES'],
  },
  {
    format: 'Fallback order for Node %d: ',
    means: 'a zone became populated or empty: the zonelists were built anew',
    change: [],
  },
  {
    format: 'Built %u zonelists',
    means: 'a zone became populated or empty: the zonelists were built anew',
    change: [],
  },
  { format: 'Policy zone: %s', means: 'the highest zone that memory policies apply to', change: [] },
  {
    format: 'migrating pfn %lx failed ret:%d',
    means:
      'a page could not be moved; the kernel tries again until a signal comes (since 5.x a page pinned by a device or a long I/O is the usual cause)',
    change: ['find who pins it: RDMA, VFIO, io_uring buffers', WHY],
  },
  {
    format: 'rejecting DAX region',
    means: 'the dax device has less than one whole memory block',
    change: ['make it larger, or align it', '$ mhp plan add SIZE --kind kmem --at ADDRESS'],
  },
  {
    format: 'too small after alignment',
    means: 'nothing of the device is left once it is trimmed to whole memory blocks',
    change: ['make it larger, or align it', '$ mhp plan add SIZE --kind kmem --at ADDRESS'],
  },
  {
    format: 'add failed',
    means: 'dax kmem could not add the range to the kernel',
    change: ['it may overlap other memory, or lie above the addressable range'],
  },
  {
    format: 'could not reserve',
    means: 'the range belongs to another resource already',
    change: ['compare with /proc/iomem'],
  },
  {
    format: 'hotremove failed',
    means: 'blocks of the dax device are still online: the memory stays until the next boot',
    change: ['$ daxctl offline-memory DEVICE', WHY],
  },
  {
    format: 'not unbindable',
    means: 'memory of the dax device was left online: its driver cannot be unbound any more',
    change: ['$ daxctl offline-memory DEVICE'],
  },
  {
    format: 'Memory failure: ',
    means: 'the hardware reported a bad page',
    change: ['replace the device; see /sys/devices/system/memory and HardwareCorrupted in /proc/meminfo'],
  },
  {
    format: 'misaligned, unable to map',
    means: 'the namespace does not begin or end where the kernel can map it',
    change: ['$ mhp plan pmem LAYOUT', '$ ndctl create-namespace --align=2M'],
  },
  {
    format: 'vmemmap alloc failure: order:%u',
    means: 'no memory for the struct pages of what is to be added: 64 bytes a page, 1.5625 % with 4K pages',
    change: ['free memory first, or boot with memory_hotplug.memmap_on_memory=Y', '$ mhp plan add SIZE'],
  },
];

/** The advice on a format; null if there is none. */
export const adviceOn = (format: string): Advice | null =>
  KERNEL_ADVICE.find((rule) => format.includes(rule.format)) ?? null;
