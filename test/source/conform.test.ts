import { expect, test } from 'vitest';
import { conform } from '../../src/conform/replay-recording.ts';
import { openRecording } from '../../src/machines/recording/open-recording.ts';
import { ranStepsText } from '../../src/report/check/ran-text.ts';
import { sourceReleaseFor } from '../../src/source/compare/machine.ts';
import { OWN, program } from './own-kernel.ts';

const recording = (name: string) =>
  openRecording(new URL(`../../recordings/${name}.tar.xz`, import.meta.url).pathname);

test('a recording of another series is refused by name', () => {
  expect(() => sourceReleaseFor('6.12.90', program())).toThrow(
    'the recording is of Linux 6.12.90, the bundle of 6.1.0',
  );
  expect(sourceReleaseFor('6.1.192', program()).name).toBe('v6.1~own');
});

test('a kernel with other physical addresses is refused by name', async () => {
  const own = program({ ...OWN, config: { ...OWN.config, ARM64_PA_BITS: '52' } });
  const opened = await recording('arm64-6.1-mmom61');
  expect(() => conform(opened, sourceReleaseFor(opened.ops.kernel, own))).toThrow(
    "the bundle is of a kernel with physical addresses of 52 bits, the machine's has 48",
  );
});

test.each([
  [
    'arm64-6.1-16k-va47-off',
    "the bundle is of a kernel with pages of 4K and 48 bits, the machine's has 16K and 47",
  ],
  ['x86_64-6.1-misaligned', 'the bundle is of arm64, the machine is of x86_64'],
])('a recording of another geometry is refused by name: %s', async (name, message) => {
  const opened = await recording(name);
  expect(() => conform(opened, sourceReleaseFor(opened.ops.kernel, program()))).toThrow(message);
});

test('the operations of a recording run on the C; what the C does otherwise is a difference', async () => {
  const own = program({ ...OWN, config: { ...OWN.config, PTDUMP_DEBUGFS: 'y' } });
  const opened = await recording('arm64-6.1-mmom61');
  // the fixture's arch_add_memory() adds pages and maps none
  const { steps, agrees } = conform(opened, sourceReleaseFor(opened.ops.kernel, own));
  expect(agrees).toBe(false);
  expect(steps[0]!.differences).toEqual([]);
  expect([...new Set(steps[2]!.differences.map(({ subject }) => subject))]).toContain('tables');
  expect(own.ran.get('arch_add_memory')).toBeGreaterThan(0);
});

test('the functions that ran, with their steps', () => {
  expect(
    ranStepsText(
      new Map([
        ['set_pte', 2],
        ['init_pte', 40],
      ]),
    ),
  ).toBe('C: 42 steps in 2 functions: init_pte 40, set_pte 2\n');
  expect(ranStepsText(new Map())).toBe('No C ran.\n');
});
