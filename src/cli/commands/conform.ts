import type { Command } from 'commander';
import { conform, type Report } from '../../conform/replay-recording.ts';
import { InputError } from '../../errors/input-error.ts';
import { openRecording } from '../../machines/recording/recording.ts';
import { findRelease } from '../../releases/index.ts';
import { conformJson, conformSumText, conformText } from '../../report/run/conform.ts';

interface Flags {
  readonly json?: boolean;
  readonly release?: string;
}

/** Defines `mhp conform`: compares the model step by step with recordings of real kernels. */
export function define(command: Command): void {
  command
    .argument('<recording...>', 'archives or directories with an ops.json')
    .option('--release <name>', 'replay on this release instead of the recorded one')
    .option('--json', 'print JSON')
    .action(async (recordings: string[], flags: Flags) => {
      const release = flags.release === undefined ? undefined : findRelease(flags.release);
      if (release === null)
        throw new InputError('--release', '', `${JSON.stringify(flags.release)} is not a modelled release`);
      const reports: Report[] = [];
      for (const path of recordings) {
        const report = conform(await openRecording(path), release);
        reports.push(report);
        if (!flags.json) process.stdout.write(conformText(report));
      }
      if (!flags.json && reports.length > 1) process.stdout.write(conformSumText(reports));
      if (flags.json) {
        const all = { schema: 'mhp-conform/1', recordings: reports.map(conformJson) };
        process.stdout.write(`${JSON.stringify(all, null, 2)}\n`);
      }
      process.exitCode = statusOf(reports);
    });
}

/** 1 if the model differs, 3 if it does so only after operations that could not be performed. */
function statusOf(reports: readonly Report[]): number {
  if (!reports.every((report) => report.agrees)) return 1;
  return reports.every(({ steps }) => steps.every(({ differences }) => differences.length === 0)) ? 0 : 3;
}
