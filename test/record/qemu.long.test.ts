import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { conform } from '../../src/conform/replay-recording.ts';
import { UserError } from '../../src/errors/user-error.ts';
import type { Machine } from '../../src/machines/machine.ts';
import { openRecording } from '../../src/machines/recording/open-recording.ts';
import type { GuestFiles } from '../../src/record/guest/initramfs.ts';
import { userland } from '../../src/record/guest/userland.ts';
import { Debian } from '../../src/record/kernel/debian.ts';
import { KernelFinder } from '../../src/record/kernel/find-kernel.ts';
import type { GuestKernel } from '../../src/record/kernel/guest-kernel.ts';
import { type Plan, planOf } from '../../src/record/machine/plan.ts';
import { programPath } from '../../src/record/qemu/process.ts';
import { record } from '../../src/record/record.ts';
import { parseScenario, type Scenario } from '../../src/scenarios/format/read.ts';

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

/** Linear map and memmap are of base pages. */
const ARM64_16K = `machine:
  arch: arm64
  page_size: 16K
  va_bits: 52
  ram: [{start: 1G, size: 512M}]
  nodes: [{node: 0, cpus: "0"}]
steps:
  - add: {start: 2G, size: 256M}
  - online_movable: 17
  - online_kernel: 16
  - pin: {start: 2G, size: 128M}
  - offline: {blocks: 16, expect: EBUSY}
  - unpin:
  - offline: 17
  - remove: {start: 0x88000000, size: 128M}
`;

/** Milliseconds within which the packages of a test must be there. */
const DOWNLOAD = 180_000;

interface Prepared {
  readonly kernel: GuestKernel;
  readonly plan: Plan;
  readonly files: GuestFiles;
}

/** The kernel and the programs of a guest, or why Debian's packages cannot be had. */
async function prepared(machine: Machine, { steps }: Scenario, name: string): Promise<Prepared | string> {
  const debian = new Debian(
    machine.arch === 'arm64' ? 'arm64' : 'amd64',
    undefined,
    AbortSignal.timeout(DOWNLOAD),
  );
  try {
    const kernel = await new KernelFinder(dir, () => debian).find(name, machine);
    const plan = planOf(machine, steps, kernel, { append: '', qemu_opts: [] });
    return { kernel, plan, files: await userland(kernel, debian, plan, false) };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return error.message;
  }
}

const cases = [
  [
    'amd64 6.1, scenarios/dimm.yaml',
    'qemu-system-x86_64',
    'debian:6.1',
    readFileSync('scenarios/dimm.yaml', 'utf8'),
  ],
  ['arm64 6.1, pages of 4K', 'qemu-system-aarch64', 'debian:6.1', ARM64],
  ['arm64 6.12, pages of 16K', 'qemu-system-aarch64', 'debian:6.12', ARM64_16K],
] as const;

describe.each(cases)('%s', (name, program, kernelName, text) => {
  const missing = programPath(program) === null;
  const skipped = (why: string): string => {
    process.stderr.write(`skipped: ${name}: ${why}\n`);
    return why;
  };
  if (missing) skipped(`${program} is not installed`);
  test.skipIf(missing)('every comparison with the model agrees', { timeout: 600_000 }, async (context) => {
    const scenario = parseScenario(text, 'scenario');
    const machine = scenario.machine as Machine;
    const ready = await prepared(machine, scenario, kernelName);
    if (typeof ready === 'string') return context.skip(skipped(ready));
    expect(ready.plan.left_out).toEqual([]);
    const output = join(dir, `${machine.arch}-${machine.page_size}.tar.gz`);
    const unread: unknown[] = [];
    const result = await record({
      ...ready,
      output,
      boot_timeout: 200,
      timeout: 120,
      signal: new AbortController().signal,
      progress: (event) => {
        if (event.what === 'step') unread.push(...event.unread);
      },
    });
    // page tables, sections and struct pages among them
    expect(unread).toEqual([]);
    expect(result).toEqual({ steps: scenario.steps.length + 1, stopped: null, crash: null });
    const report = conform(await openRecording(output));
    expect(report.steps.flatMap((step) => step.differences)).toEqual([]);
    // of the pin the page is given; the kernel itself may have pages in the block
    const sum = (of: 'given' | 'predicted'): number =>
      report.steps.reduce((all, { outcomes }) => all + outcomes[of], 0);
    expect(sum('given')).toBeGreaterThanOrEqual(1);
    expect(sum('predicted')).toBeGreaterThanOrEqual(4);
    expect(report.steps.reduce((all, { compared }) => all + compared, 0)).toBeGreaterThan(1000);
  });
});
