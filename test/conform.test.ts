import { expect, test } from 'vitest';
import { conform } from '../src/conform/replay.ts';
import { openRecording } from '../src/machines/recording.ts';
import { find_release } from '../src/releases/index.ts';

const open = (name: string) =>
  openRecording(new URL(`../recordings/${name}.tar.xz`, import.meta.url).pathname);

/** Recording, release, steps and comparisons: a comparison that gets lost is a change of the report. */
const recordings = [
  ['arm64-5.10-4k-va48-full-dimm', 'v5.10', 65, 14031],
  ['arm64-6.1-16k-va47-off', 'v6.1', 65, 18894],
  ['arm64-6.1-64k-va48-full', 'v6.1', 65, 15552],
  ['arm64-6.1-full61', 'v6.1', 70, 21210],
  ['arm64-6.1-mmom61', 'v6.1', 13, 3832],
  ['arm64-6.1-split-rooff61', 'v6.1', 6, 1942],
  ['arm64-7.2-4k-va48-full-dimm', 'v7.2', 65, 19171],
  ['x86_64-6.1-dimm-movable', 'v6.1', 13, 4818],
  ['x86_64-6.1-holes', 'v6.1', 3, 1224],
  ['x86_64-6.1-kmem', 'v6.1', 11, 3398],
  ['x86_64-6.1-memmap-on-memory', 'v6.1', 10, 2553],
  ['x86_64-6.1-misaligned', 'v6.1', 10, 2358],
  ['x86_64-6.1-pmem', 'v6.1', 25, 7529],
] as const;

test.each(recordings)('%s agrees with the model at every step', async (name, release, steps, comparisons) => {
  const report = conform(await open(name));
  expect(report.release).toBe(release);
  expect(report.steps.length).toBe(steps);
  expect(report.steps.flatMap((step) => step.differences)).toEqual([]);
  expect(report.steps.reduce((sum, step) => sum + step.compared, 0)).toBe(comparisons);
});

test('what was given as input or not compared is named', async () => {
  const report = conform(await open('arm64-6.1-full61'));
  const said = report.steps.flatMap((step) => [...step.inputs, ...step.not_compared]);
  expect([...new Set(said)].sort()).toMatchInlineSnapshot(`
    [
      "/sys/devices/system/node/node0/hugepages/hugepages-1048576kB/nr_hugepages: hugetlb pools are not modelled yet",
      "/sys/devices/system/node/node0/hugepages/hugepages-2048kB/nr_hugepages: hugetlb pools are not modelled yet",
      "/sys/devices/system/node/node0/hugepages/hugepages-32768kB/nr_hugepages: hugetlb pools are not modelled yet",
      "/sys/devices/system/node/node0/hugepages/hugepages-64kB/nr_hugepages: hugetlb pools are not modelled yet",
      "/sys/devices/system/node/node1/hugepages/hugepages-1048576kB/nr_hugepages: hugetlb pools are not modelled yet",
      "/sys/devices/system/node/node1/hugepages/hugepages-2048kB/nr_hugepages: hugetlb pools are not modelled yet",
      "/sys/devices/system/node/node1/hugepages/hugepages-32768kB/nr_hugepages: hugetlb pools are not modelled yet",
      "/sys/devices/system/node/node1/hugepages/hugepages-64kB/nr_hugepages: hugetlb pools are not modelled yet",
      "device_add dimm6: refused by the machine monitor, the kernel never saw it",
      "device_add dimm7: refused by the machine monitor, the kernel never saw it",
      "echo offline > /sys/devices/system/memory/memory24/state: refused for a hugetlb page, and hugetlb pools are not modelled yet",
      "firmware_node links: ACPI paths are not modelled",
      "managed and free pages: what boot memory holds is not reproducible",
      "observe: reads only",
      "unpin: has no result",
    ]
  `);
});

test('the wrong release does not agree: 6.1 recorded, v7.2 asked', async () => {
  const report = conform(await open('arm64-6.1-full61'), find_release('v7.2')!);
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
  expect(() => conform(recording, find_release('v6.1')!)).toThrow(
    'arm64 has no memory blocks of 0x40000000: at most 0x8000000',
  );
});
