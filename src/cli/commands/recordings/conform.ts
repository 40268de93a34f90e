import type { Command } from 'commander';
import { conform, type Report } from '../../../conform/replay-recording.ts';
import { openRecording } from '../../../machines/recording/open-recording.ts';
import { conformJson, conformSumText, conformText } from '../../../report/run/conform.ts';
import { type NearestFlag, namedRelease, nearestOption } from '../../inputs/named-release.ts';
import { printNotes } from '../../inputs/notes.ts';

interface Flags extends NearestFlag {
  readonly json?: boolean;
  readonly release?: string;
}

/** Defines `mhp conform`: compares the model step by step with recordings of real kernels. */
export function define(command: Command): void {
  nearestOption(command)
    .argument('<recording...>', 'archives or directories with an ops.json')
    .option('--release <name>', 'replay on this release instead of the recorded one')
    .option('--json', 'print JSON')
    .action(async (recordings: string[], flags: Flags) => {
      const named = flags.release === undefined ? null : namedRelease('--release', flags.release, flags);
      printNotes(named?.notes ?? []);
      const reports: Report[] = [];
      for (const path of recordings) {
        const report = conform(await openRecording(path), named?.release);
        reports.push(report);
        printNotes(report.notes);
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
