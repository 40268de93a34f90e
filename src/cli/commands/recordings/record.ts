import { basename } from 'node:path';
import type { Command } from 'commander';
import { InputError } from '../../../errors/input-error.ts';
import type { Arch } from '../../../geometry/sizes.ts';
import { type Guest, qemuArgs } from '../../../record/guest/guest.ts';
import { GuestError } from '../../../record/guest/guest-error.ts';
import { PrivateDir } from '../../../record/guest/private-dir.ts';
import { userland } from '../../../record/guest/userland.ts';
import { type Progress, type Recorded, record } from '../../../record/record.ts';
import { planJson, planText } from '../../../report/run/record-plan.ts';
import { progressText } from '../../../report/run/record-progress.ts';
import { whole } from '../../option-values.ts';
import { Planner, refuse, subjectOf } from '../../recorder/prepare.ts';
import { interruptible } from '../../stop.ts';

interface Flags {
  readonly kernel?: string;
  readonly output?: string;
  readonly arch?: Arch;
  readonly append: string;
  readonly qemuOpts: string;
  readonly timeout: number;
  readonly bootTimeout: number;
  readonly plan?: boolean;
  readonly leaveOut?: boolean;
  readonly compare?: boolean;
  readonly keep?: boolean;
  readonly json?: boolean;
  readonly matrix?: string;
  readonly junit?: string;
}

/** Defines `mhp record`: a scenario on a real kernel under QEMU becomes a recording. */
export function define(command: Command): void {
  command
    .argument('[scenario]', 'a scenario whose machine QEMU can be')
    .option(
      '--kernel <kernel>',
      'an image; a build tree or an unpacked package; or debian:6.1, debian:6.12/arm64-16k, …',
    )
    .option(
      '-o, --output <recording>',
      'a .tar.xz, .tar.gz or .tar, or a directory (default: SCENARIO-RELEASE.tar.gz)',
    )
    .option('--arch <arch>', "x86_64 or arm64: must be that of the scenario's machine")
    .option('--append <words>', "words for the kernel's command line", '')
    .option('--qemu-opts <words>', "arguments for QEMU, behind the recorder's own", '')
    .option('--timeout <seconds>', 'for one operation', whole(1, 86_400), 120)
    .option('--boot-timeout <seconds>', 'for the boot', whole(1, 86_400), 300)
    .option('--plan', 'print what would be done, and do nothing')
    .option('--leave-out', 'leave out steps that cannot be recorded, instead of refusing the scenario')
    .option('--compare', 'run the model beside, and stop with a shell on the console at the first difference')
    .option('--keep', 'leave the guest running at the end, with its sockets named, until Ctrl-C')
    .option('--matrix <file>', 'record scenarios on kernels with page sizes, as a file says; resumes')
    .option('--junit <file>', 'with --matrix: write a JUnit report')
    .option('--json', 'print JSON')
    .action(async (file: string | undefined, flags: Flags) => {
      const reader = new AbortController();
      // nobody reads how far it is (`2>&1 | head`)
      process.stderr.once('error', () => reader.abort());
      process.exitCode = await interruptible((signal) =>
        chosen(file, flags, AbortSignal.any([signal, reader.signal])),
      );
    });
}

async function chosen(file: string | undefined, flags: Flags, signal: AbortSignal): Promise<number> {
  if (flags.matrix !== undefined) {
    if (file !== undefined || flags.kernel !== undefined)
      throw new InputError('--matrix', '', 'names scenarios and kernels itself');
    const { runMatrix } = await import('../../recorder/matrix.ts');
    return runMatrix(flags.matrix, flags, signal);
  }
  if (flags.junit !== undefined) throw new InputError('--junit', '', 'needs --matrix');
  if (file === undefined) throw new InputError('record', '', 'needs a scenario, or --matrix');
  if (flags.kernel === undefined) throw new InputError('record', '', 'needs --kernel, such as debian:6.1');
  return run(file, flags, signal);
}

async function run(file: string, flags: Flags, signal: AbortSignal): Promise<number> {
  const subject = subjectOf(file, flags.arch);
  const dir = new PrivateDir(2 ** 28);
  try {
    const planner = new Planner(dir.path, signal);
    const { kernel, plan } = await planner.plan(subject, flags.kernel!, flags);
    if (flags.plan) {
      const args = qemuArgs('DIR', plan.machine, kernel);
      process.stdout.write(
        flags.json
          ? `${JSON.stringify(planJson(plan, kernel, args), null, 2)}\n`
          : planText(plan, kernel, args),
      );
      return 0;
    }
    refuse(subject.scenario, plan, kernel, flags);
    const files = await userland(
      kernel,
      planner.debianOf(subject.machine),
      plan,
      Boolean(flags.compare || flags.keep),
    );
    const output =
      flags.output ?? `${basename(file).replace(/\.ya?ml$/, '')}-${kernel.release ?? 'kernel'}.tar.gz`;
    const tell = (event: Progress): void => {
      if (!flags.json) process.stderr.write(progressText(event));
    };
    const recorded = await record({
      plan,
      kernel,
      files,
      output,
      boot_timeout: flags.bootTimeout,
      timeout: flags.timeout,
      signal,
      progress: tell,
      ...(flags.compare && { after: compare }),
      ...(flags.keep && {
        last: async (guest: Guest) => (await import('../../recorder/live.ts')).keep(guest),
      }),
    });
    return report(recorded, output, flags);
  } catch (error) {
    if (error instanceof GuestError) {
      process.stderr.write(`mhp: ${error.message}\n${error.console.map((line) => `    ${line}\n`).join('')}`);
      return 2;
    }
    throw error;
  } finally {
    dir.remove();
  }
}

/** Compares the last step with the model; at a difference the user gets the console, and the recording ends. */
async function compare(guest: Guest, dir: string, step: number): Promise<boolean> {
  const { attachConsole, lastDifferences } = await import('../../recorder/live.ts');
  const differences = await lastDifferences(dir);
  for (const { subject, what, recorded, model } of differences)
    process.stderr.write(
      `    differs: ${subject}: ${what}: recorded ${JSON.stringify(recorded)}, model ${JSON.stringify(model)}\n`,
    );
  if (differences.length === 0) return false;
  process.stderr.write(`the model differs after step ${step}\n`);
  await attachConsole(guest);
  return true;
}

/** 0 if all steps were recorded, 3 if it stopped before. */
function report({ steps, stopped, crash }: Recorded, output: string, flags: Flags): number {
  if (flags.json)
    process.stdout.write(
      `${JSON.stringify({ schema: 'mhp-record/1', recording: output, steps, stopped, crash }, null, 2)}\n`,
    );
  else {
    process.stdout.write(`${output}: ${steps} steps${stopped === null ? '' : `, then ${stopped}`}\n`);
    if (crash !== null) process.stdout.write(`the kernel crashed: ${crash}\n`);
  }
  return stopped === null ? 0 : 3;
}
