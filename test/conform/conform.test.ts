import { expect, test } from 'vitest';
import { conform, type StepReport } from '../../src/conform/replay-recording.ts';
import { openRecording } from '../../src/machines/recording/open-recording.ts';
import { findRelease } from '../../src/releases/index.ts';

const open = (name: string) =>
  openRecording(new URL(`../../recordings/${name}.tar.xz`, import.meta.url).pathname);

/** Recording, release, steps, comparisons, outcomes predicted and given: losing a comparison changes the report. */
const recordings = [
  ['arm64-5.10-4k-va48-full-dimm', 'v5.10', 65, 17816, 71, 0],
  ['arm64-5.10-4k-va48-full-pmem', 'v5.10', 31, 8817, 28, 0],
  ['arm64-6.1-16k-va47-off', 'v6.1', 65, 23057, 83, 0],
  ['arm64-6.1-16k-va48-full-pmem', 'v6.1', 31, 11448, 28, 0],
  ['arm64-6.1-4k', 'v6.1', 8, 1822, 4, 3],
  ['arm64-6.1-4k-va39-full-nvdimm', 'v6.1', 14, 5273, 28, 0],
  ['arm64-6.1-64k-va48-full', 'v6.1', 65, 19715, 72, 1],
  ['arm64-6.1-64k-va52-dimm', 'v6.1', 19, 7434, 17, 3],
  ['arm64-6.1-full61', 'v6.1', 70, 26161, 121, 0],
  ['arm64-6.1-mmom61', 'v6.1', 13, 4955, 11, 0],
  ['arm64-6.1-split-rooff61', 'v6.1', 6, 2459, 5, 0],
  ['arm64-6.12-16k-va52', 'v6.12', 4, 811, 3, 0],
  ['arm64-6.12-16k-va52-nvdimm', 'v6.12', 9, 3520, 8, 0],
  ['arm64-7.2-4k-va48-full-dimm', 'v7.2', 65, 23950, 83, 0],
  ['arm64-7.2-64k-va52-dimm', 'v7.2', 19, 6738, 16, 1],
  ['x86_64-6.1-dimm', 'v6.1', 10, 5672, 15, 1],
  ['x86_64-6.1-dimm-movable', 'v6.1', 13, 8081, 21, 0],
  ['x86_64-6.1-e820-pmem', 'v6.1', 9, 5177, 12, 1],
  ['x86_64-6.1-gigantic', 'v6.1', 12, 8148, 42, 5],
  ['x86_64-6.1-holes', 'v6.1', 3, 2129, 52, 2],
  ['x86_64-6.1-hwpoison', 'v6.1', 6, 3052, 12, 0],
  ['x86_64-6.1-kmem', 'v6.1', 11, 9436, 26, 0],
  ['x86_64-6.1-memmap-on-memory', 'v6.1', 10, 5226, 8, 1],
  ['x86_64-6.1-misaligned', 'v6.1', 10, 4860, 8, 0],
  ['x86_64-6.1-pmem', 'v6.1', 25, 15247, 37, 1],
  ['x86_64-6.1-random-1', 'v6.1', 15, 9352, 12, 1],
  ['x86_64-6.1-use', 'v6.1', 15, 6149, 11, 1],
  ['x86_64-6.1-virtio-mem-2M', 'v6.1', 17, 8994, 13, 0],
  ['x86_64-6.12-misaligned', 'v6.12', 10, 4515, 8, 0],
] as const;

/** What no other recording shows (docs/real-kernels.md). */
const defects = [
  ['defects/arm64-6.1-64k-va52-B29', 'v6.1', 7, 1009, 4, 0],
  ['defects/arm64-6.12-4k-va52-kfence', 'v6.12', 6, 1914, 6, 0],
  ['defects/arm64-7.2-16k-va52-B29', 'v7.2', 7, 1314, 4, 0],
  ['defects/arm64-7.2-16k-va52-B36c', 'v7.2', 3, 1023, 2, 0],
  ['defects/arm64-7.2-4k-va52-B32', 'v7.2', 3, 1003, 1, 0],
  ['defects/x86_64-6.1-B116', 'v6.1', 3, 751, 1, 0],
  ['defects/x86_64-6.12-va57-walk-3-5', 'v6.12', 16, 6763, 16, 0],
  ['defects/x86_64-7.2-dimm-over-add', 'v7.2', 4, 1270, 3, 0],
] as const;

test.each([...recordings, ...defects])(
  '%s agrees with the model at every step',
  async (name, release, steps, comparisons, predicted, given) => {
    const report = conform(await open(name));
    const sum = (of: (step: StepReport) => number): number =>
      report.steps.reduce((all, step) => all + of(step), 0);
    expect(report.release).toBe(release);
    expect(report.steps.length).toBe(steps);
    expect(report.steps.flatMap((step) => step.differences)).toEqual([]);
    expect(report.steps.flatMap((step) => step.unperformed)).toEqual([]);
    expect(sum((step) => step.compared)).toBe(comparisons);
    expect(sum((step) => step.outcomes.predicted)).toBe(predicted);
    expect(sum((step) => step.outcomes.given)).toBe(given);
  },
);

test('what was given as input or not compared is named', async () => {
  const report = conform(await open('arm64-6.1-full61'));
  const said = report.steps.flatMap((step) => [
    ...step.given.map(({ what }) => what),
    ...step.not_compared.map(({ what }) => what),
  ]);
  expect([...new Set(said)].sort()).toMatchInlineSnapshot(`
    [
      "device_add dimm6: refused by the machine monitor, the kernel never saw it",
      "device_add dimm7: refused by the machine monitor, the kernel never saw it",
      "dmesg: lines of dumps of pages",
      "dmesg: lines of dumps: registers",
      "dmesg: lines of dumps: the stack, and where it was",
      "dmesg: lines of memory hotplug, after a crash",
      "dmesg: lines of other subsystems (hrtimer)",
      "dmesg: lines of the modules that perform the operations",
      "dmesg: lines registers of warnings",
      "files: /proc/cmdline, version, modules: inputs",
      "files: /proc/sys: settings",
      "files: /proc/vmallocinfo: other subsystems allocate most of it",
      "files: ACPI: objects of the firmware",
      "files: blocks in sysfs: files to write to, and crash_hotplug",
      "files: nodes in sysfs: files that do not tell of memory, and links to CPUs",
      "files: the recorder's log of a step, and what it derives from other files",
      "files: uevent, subsystem, modalias, power: of the driver core",
      "files: vmstat, numastat, buddyinfo, pagetypeinfo: counters of what memory holds, which is chance",
      "firmware_node links: ACPI paths are not modelled",
      "free pages: what memory holds is chance",
      "observe: reads only",
      "proc/kpageflags.json: flags but NOPAGE, HWPOISON, RESERVED, OFFLINE: what uses a page is chance",
      "proc/kpageflags.json: not all runs of pages were recorded",
      "state: the kernel had hit a BUG",
      "unpin: has no result",
    ]
  `);
});

test('which huge pages a pool and a program got is input, no more', async () => {
  const report = conform(await open('x86_64-6.1-gigantic'));
  const given = report.steps.flatMap((step) =>
    step.given.map(({ what, during }) => `${step.dir}: ${what} during ${during}`),
  );
  const pool = '/sys/devices/system/node/node1/hugepages';
  expect(given).toEqual([
    `04-nr-1G-node1-normal: page 0x18002a was unmovable during echo 2 > ${pool}/hugepages-1048576kB/nr_hugepages`,
    '05-offline-block-in-free-1G: page 0x180022 was unmovable at attempt 1 on memory48 during echo offline > /sys/devices/system/memory/memory48/state',
    `06-online-back-nr1: page 0x18000e was unmovable during echo 1 > ${pool}/hugepages-1048576kB/nr_hugepages`,
    // an eject tries a block twice
    '09-unplug-d2-used-1G: page 0x18000e was unmovable at attempt 1 on memory48 during device_del d2',
    '09-unplug-d2-used-1G: the program that had huge pages ended during device_del d2',
    '09-unplug-d2-used-1G: page 0x180028 was unmovable at attempt 2 on memory48 during device_del d2',
    '11-2M-in-movable: huge pages came from memory40 (64), memory41 (64), memory42 (64), memory43 (64), memory44 (64), ' +
      'memory45 (64), memory46 (64), memory47 (51), memory61 (37), memory62 (64) ' +
      `during echo 600 > ${pool}/hugepages-2048kB/nr_hugepages`,
    '11-2M-in-movable: the program had pages in memory40 (64), memory41 (52), memory46 (39), memory61 (37), memory62 (64) during use_memory',
  ]);
});

test('the wrong release does not agree: 6.1 recorded, v7.2 asked', async () => {
  const report = conform(await open('arm64-6.1-full61'), findRelease('v7.2')!);
  expect(report.agrees).toBe(false);
  const step = report.steps.find(({ dir }) => dir === '26-node2-offline')!;
  expect(step.differences.map(({ subject, recorded, model }) => [subject, recorded, model])).toContainEqual([
    'messages',
    'Fallback order for Node 0: 0 2 1',
    'Fallback order for Node 0: 0 1',
  ]);
});

test('blocks of a gigabyte are no blocks of v6.1', async () => {
  const recording = await open('arm64-5.10-4k-va48-full-dimm');
  expect(() => conform(recording, findRelease('v6.1')!)).toThrow(
    'arm64 has no memory blocks of 0x40000000: at most 0x8000000',
  );
});
