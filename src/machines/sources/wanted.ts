/** Files beside /proc and /sys that describe the machine: of a recording, of a sosreport. */
const BESIDE =
  /^(ops\.json|symlinks\.txt|step\.json|machine\.json|kernel\.config|uname|uname_-a|(boot\.)?dmesg.*|lsmem.*|(cxl|daxctl|ndctl).*)$/;

const PROC = /(^|\/)proc\/(iomem|zoneinfo|cmdline|version)$/;
const BLOCKS = /(^|\/)sys\/devices\/system\/memory(\/|$)/;
const NODES = /(^|\/)sys\/devices\/system\/node(\/|$)/;
const PARAMS = /(^|\/)sys\/module\/memory_hotplug(\/|$)/;
const MEMBLOCK = /(^|\/)sys\/kernel\/debug\/memblock(\/|$)/;
/** The parents of NVDIMM buses in sysfs: see readNvdimm(). */
const NVDIMMS =
  /(^|\/)sys\/devices\/(LNXSYSTM:00\/LNXSYBUS:00\/ACPI0012:00|platform\/e820_pmem)\/ndbus0(\/|$)/;
const FIRMWARE = /(^|\/)sys\/firmware\/memmap(\/|$)/;

/** The .config of a kernel, as distributions install it. */
const CONFIG = /(^|\/)(boot\/config-[^/]+|lib\/modules\/[^/]+\/config)$/;

/** Files of a node or a block that no reader needs, and that make up most of an archive. */
const IDLE = /\/(power|hugepages|uevent|numastat|vmstat|meminfo|subsystem|driver)(\/|$)|\/firmware_node\//;

/** Whether a member of an archive describes memory blocks. */
export function wantedForBlocks(path: string): boolean {
  return (BLOCKS.test(path) && !IDLE.test(path)) || BESIDE.test(path.slice(path.lastIndexOf('/') + 1));
}

/** Whether a member of an archive describes the machine. */
export function wantedForMachine(path: string): boolean {
  if (CONFIG.test(path)) return true;
  if (BLOCKS.test(path) || NODES.test(path) || NVDIMMS.test(path)) return !IDLE.test(path);
  if (PROC.test(path) || PARAMS.test(path) || MEMBLOCK.test(path) || FIRMWARE.test(path)) return true;
  return BESIDE.test(path.slice(path.lastIndexOf('/') + 1));
}

/** What answers read besides: words of pages and their owners, counters, pools of huge pages, crash dumps, rules of udev. */
const ANSWERS =
  /(^|\/)(kpageflags\.rle|proc\/(kpageflags\.json|kpagecount\.rle|meminfo|vmstat|pagetypeinfo|buddyinfo|slabinfo|page_owner|modules)|sys\/kernel\/(kexec_crash_(loaded|size)|debug\/page_owner)|sys\/devices\/system\/node\/node\d+\/hugepages\/.*|(etc|usr\/lib|lib|run)\/udev\/rules\.d\/[^/]+|mhp-capture\.json)$/;

/** Whether a member of an archive is read for an answer. */
export const wantedForAnswers = (path: string): boolean => wantedForMachine(path) || ANSWERS.test(path);
