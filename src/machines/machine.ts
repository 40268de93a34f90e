/**
 * A machine as a source describes it: what is known, and in `missing`, one line each, what is not.
 *
 * Addresses and sizes are bytes, pfns and spans are pages; all are safe integers. An optional field is absent if the
 * source does not have it; the kernel's boot code derives what it determines itself.
 */

import type { Arch } from '../geometry/sizes.ts';
import type { CxlMemory } from './captures/cxl-json.ts';
import type { DaxDevice } from './dax-device.ts';
import type { KernelOptions } from './kernel-options.ts';
import type { NdRegion } from './nd-region.ts';
import type { RecordedTables } from './page-tables/tables.ts';

/**
 * One line of /proc/iomem: an inclusive range at a depth (two blanks per level). Zeroed ranges have start = end = 0.
 */
export interface IomemEntry {
  readonly depth: number;
  readonly start: number;
  readonly end: number;
  readonly name: string;
}

/** One region of a memblock array (half-open would differ from debugfs: `end` is inclusive here as there). */
export interface MemblockRegion {
  readonly start: number;
  readonly end: number;
  /** Absent on kernels whose debugfs file prints no node (before v6.2). */
  readonly nid?: number;
  /** Names of set flags as v6.3+ prints them (NOMAP, HOTPLUG, MIRROR, DRV_MNG, RSRV_NOINIT, RSRV_KERN). */
  readonly flags?: readonly string[];
}

/** One directory /sys/devices/system/memory/memoryN. */
export interface Block {
  readonly id: number;
  readonly state: 'online' | 'offline' | 'going-offline';
  readonly removable?: boolean;
  /** The words of valid_zones, in order; ["none"] if the kernel says so; absent without the file. */
  readonly valid_zones?: readonly string[];
  /** Whether ACPI has a memory device for it: memory of DIMMs has, when it was plugged and may when it was there at boot. */
  readonly firmware_node?: true;
  /** The nodes it is linked to, ascending; more than one for a block that spans nodes. */
  readonly nids: readonly number[];
}

/** One zone of one node as /proc/zoneinfo prints it. */
export interface ZoneInfo {
  readonly nid: number;
  readonly name: string;
  readonly start_pfn: number;
  readonly spanned: number;
  readonly present: number;
  readonly managed: number;
  readonly free: number;
  readonly cma?: number;
  readonly high?: number;
}

/** One node of the node_possible_map. */
export interface Node {
  readonly nid: number;
  readonly online: boolean;
  readonly cpus: readonly number[];
  /** Its row of the distance table, in order of online node, as in the sysfs file. */
  readonly distance?: readonly number[];
}

/** A memory device slot that can be plugged. The address is known only if the slot fixes it. */
export interface Slot {
  readonly slot: number;
  readonly start?: number;
  readonly size?: number;
  readonly node?: number;
}

/** RAM as the firmware describes it, for a machine that is not a snapshot of a running kernel. */
export interface RamRange {
  readonly start: number;
  readonly size: number;
  readonly nid: number;
  /** SRAT's hot-pluggable flag. */
  readonly hotpluggable?: boolean;
  /** Whether the firmware says that it keeps a second copy: kernelcore=mirror. */
  readonly mirrored?: boolean;
}

/** One directory of /sys/firmware/memmap; `end` is inclusive there. */
export interface FirmwareMapEntry {
  readonly id: number;
  readonly start: number;
  readonly end: number;
  readonly type: string;
}

export interface Machine {
  /** Where it was read from, for messages. */
  readonly source: string;
  readonly arch: Arch;
  /** Bytes. */
  readonly page_size: number;
  readonly va_bits?: number;
  /**
   * arm64: memstart_addr as chosen by a kernel that places its linear map at random (5.2.1 and 5.10.7 do, 7.2.13 does
   * not). By default as close below RAM as possible.
   */
  readonly memstart_addr?: number;
  /** uname -r of the source ("6.1.192", "5.10.223"), or a release name ("v6.1"). */
  readonly release?: string;
  readonly cmdline?: string;
  /** Bytes of one memory block. */
  readonly block_size?: number;
  /** The firmware's memory map: boot RAM. A machine file always has it; a snapshot has it if it can be derived. */
  readonly ram?: readonly RamRange[];
  /** The RAM that the kernel found when it booted, as it printed it: all other memory was added later. */
  readonly boot_ram?: readonly RamRange[];
  /** Ranges that are no RAM, by their names in /proc/iomem: reserved if they have none. */
  readonly holes?: readonly { readonly start: number; readonly size: number; readonly name?: string }[];
  readonly slots?: readonly Slot[];
  readonly iomem?: readonly IomemEntry[];
  readonly memblock?: {
    readonly memory: readonly MemblockRegion[];
    readonly reserved: readonly MemblockRegion[];
  };
  /** Absent for a machine that has not booted yet (a machine file). */
  readonly blocks?: readonly Block[];
  readonly nodes?: readonly Node[];
  readonly zones?: readonly ZoneInfo[];
  /** The text of files under /sys/module/memory_hotplug/parameters and of auto_online_blocks, by name. */
  readonly params?: Readonly<Record<string, string>>;
  /** arm64: the kernel's page tables, if the source has them. */
  readonly tables?: { readonly linear: RecordedTables; readonly vmemmap: RecordedTables };
  /** Build options of the kernel, as far as the source has them. */
  readonly config?: KernelOptions;
  /** x86: whether the processor says that a hypervisor runs it, as it does to guests of all kinds. */
  readonly guest?: boolean;
  /** The hypervisor whose balloon driver decides what happens to pages that go online; absent for none. */
  readonly hypervisor?: 'hyperv' | 'xen';
  readonly firmware_map?: readonly FirmwareMapEntry[];
  /** NVDIMM regions with their namespaces. */
  readonly nvdimm?: readonly NdRegion[];
  /** CXL windows and the regions in them. */
  readonly cxl?: CxlMemory;
  /** Instances of device-dax whose drivers are known. */
  readonly dax?: readonly DaxDevice[];
  /** What could not be determined, one line each, in words for the user. */
  readonly missing: readonly string[];
}
