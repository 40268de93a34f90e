import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { conform } from '../../src/conform/replay-recording.ts';
import type { Machine } from '../../src/machines/machine.ts';
import { openRecording } from '../../src/machines/recording/open-recording.ts';
import { userland } from '../../src/record/guest/userland.ts';
import { Debian } from '../../src/record/kernel/debian.ts';
import { KernelFinder } from '../../src/record/kernel/find-kernel.ts';
import { planOf } from '../../src/record/machine/plan.ts';
import { programPath } from '../../src/record/qemu/process.ts';
import { record } from '../../src/record/record.ts';
import { parseScenario } from '../../src/scenarios/format/read.ts';

/** Real kernels under QEMU, held against the model: skipped, with the reason, where QEMU or Debian's packages cannot be had. */

const dir = mkdtempSync(join(tmpdir(), 'mhp-qemu-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const ARM64 = `machine:
  arch: arm64
  ram: [{start: 1G, size: 512M}]
  nodes: [{node: 0, cpus: "0"}]
steps:
  - add: {start: 2G, size: 256M}
  - online_kernel: 16
  - pin: {start: 2G, size: 128M}
  - offline: {blocks: 16, expect: EBUSY}
  - unpin:
  - offline: 16
  - remove: {start: 0x88000000, size: 128M}
`;

/** Records a scenario and compares; null, with the reason on stderr, if that is not possible on this machine. */
async function recorded(text: string, kernelName: string) {
  const scenario = parseScenario(text, 'scenario');
  const machine = scenario.machine as Machine;
  const debian = new Debian(machine.arch === 'arm64' ? 'arm64' : 'amd64');
  const finder = new KernelFinder(dir, () => debian);
  let kernel: Awaited<ReturnType<KernelFinder['find']>>;
  try {
    kernel = await finder.find(kernelName, machine);
  } catch (error) {
    process.stderr.write(`not recorded: ${(error as Error).message}\n`);
    return null;
  }
  const plan = planOf(machine, scenario.steps, kernel, { append: '', qemu_opts: [] });
  expect(plan.left_out).toEqual([]);
  const output = join(dir, `${machine.arch}-${machine.page_size}.tar.gz`);
  const result = await record({
    plan,
    kernel,
    files: await userland(kernel, debian, plan, false),
    output,
    boot_timeout: 200,
    timeout: 120,
    signal: new AbortController().signal,
    progress: () => {},
  });
  expect(result).toEqual({ steps: scenario.steps.length + 1, stopped: null, crash: null });
  return conform(await openRecording(output));
}

const cases = [
  [
    'amd64 6.1, scenarios/dimm.yaml',
    'qemu-system-x86_64',
    'debian:6.1',
    readFileSync('scenarios/dimm.yaml', 'utf8'),
  ],
  ['arm64 6.1, pages of 4K', 'qemu-system-aarch64', 'debian:6.1', ARM64],
] as const;

describe.each(cases)('%s', (name, program, kernel, text) => {
  const missing = programPath(program) === null;
  if (missing) process.stderr.write(`skipped: ${name}: ${program} is not installed\n`);
  test.skipIf(missing)('every comparison with the model agrees', { timeout: 600_000 }, async (context) => {
    const report = await recorded(text, kernel);
    if (report === null) return context.skip();
    const differences = report.steps.flatMap((step) => step.differences);
    expect(differences).toEqual([]);
    const compared = report.steps.reduce((sum, step) => sum + step.compared, 0);
    expect(compared).toBeGreaterThan(1000);
    // of the pin the page is given; the kernel itself may have pages in the block
    const outcomes = report.steps.map((step) => step.outcomes);
    expect(outcomes.reduce((sum, { given }) => sum + given, 0)).toBeGreaterThanOrEqual(1);
    expect(outcomes.reduce((sum, { predicted }) => sum + predicted, 0)).toBeGreaterThanOrEqual(4);
  });
});
