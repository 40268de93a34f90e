import type { Tally } from '../tally.ts';
import type { WatchedTree } from './watched-tree.ts';

/** The files of a step that nothing is compared with, by kind. */

/** Patterns of paths, what the files are, and why the model has nothing to compare with them. */
const KINDS: readonly (readonly [RegExp, string])[] = [
  [
    /^(?:step\.json|unreadable\.txt|symlinks\.txt|kpageflags-masked\.rle|ftrace.*)$/,
    "the recorder's log of a step, and what it derives from other files",
  ],
  [
    /^(?:proc|sys\/devices\/system\/node\/node\d+)\/(?:vmstat|numastat|buddyinfo|pagetypeinfo|slabinfo)$/,
    'vmstat, numastat, buddyinfo, pagetypeinfo: counters of what memory holds, which is chance',
  ],
  [/^proc\/vmallocinfo$/, '/proc/vmallocinfo: other subsystems allocate most of it'],
  [/^proc\/(?:cmdline|version|modules)$/, '/proc/cmdline, version, modules: inputs'],
  [
    /(?:^|\/)(?:uevent|subsystem|modalias|devtype)$|\/power\//,
    'uevent, subsystem, modalias, power: of the driver core',
  ],
  [/^sys\/(?:bus|firmware)\/acpi\//, 'ACPI: objects of the firmware'],
  [/\/ndbus\d+\/(?:.*\/)?block\//, 'block devices on NVDIMMs: the block layer'],
  [/\/ndbus\d+\//, 'NVDIMM devices: uuids, badblocks, labels of the medium and other files'],
  [/^sys\/bus\/(?:nd|dax|virtio|cxl)\//, 'buses in sysfs: links to devices'],
  [
    /^sys\/devices\/system\/node\/(?:node\d+\/)?(?:[a-z_]+|cpu\d+)$/,
    'nodes in sysfs: files that do not tell of memory, and links to CPUs',
  ],
  [
    /^sys\/devices\/system\/memory\/(?:memory\d+\/)?[a-z_]+$/,
    'blocks in sysfs: files to write to, and crash_hotplug',
  ],
  [/\/memory_failure\//, 'memory_failure: counters of what was done with poisoned pages'],
  [
    /^qmp-query-memory-size-summary\.json$/,
    'qmp-query-memory-size-summary.json: sums of what the other list says',
  ],
  [/^proc\/sys\//, '/proc/sys: settings'],
  [/\/hugepages\/hugepages-\d+kB\/[a-z_]+$/, 'pools of huge pages in sysfs: limits, and files to write to'],
];

/** The path with N for numbers. */
const pattern = (path: string): string => path.replace(/\d+/g, 'N');

/** Counts the files of a step that were not read, by kind; those of no known kind by the pattern of their path. */
export function filesNotRead(tally: Tally, tree: WatchedTree): void {
  const counts = new Map<string, number>();
  for (const path of tree.unread()) {
    const what =
      KINDS.find(([kind]) => kind.test(path))?.[1] ?? `${pattern(path)}: what it says is not modelled`;
    counts.set(what, (counts.get(what) ?? 0) + 1);
  }
  for (const [what, times] of counts) tally.notCompared.add(`files: ${what}`, times);
}
