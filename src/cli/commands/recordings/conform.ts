import { type Command, Option } from 'commander';
import { conform, type Report } from '../../../conform/replay-recording.ts';
import { openRecording } from '../../../machines/recording/open-recording.ts';
import { ranStepsText } from '../../../report/check/ran-text.ts';
import { conformJson, conformSumText, conformText } from '../../../report/run/conform.ts';
import { sourceReleaseFor } from '../../../source/compare/machine.ts';
import { SourceProgram } from '../../../source/program.ts';
import { type NearestFlag, namedRelease, nearestOption } from '../../inputs/named-release.ts';
import { printNotes } from '../../inputs/notes.ts';
import { loadBundle } from '../../kbuild/bundle-file.ts';

interface Flags extends NearestFlag {
  readonly json?: boolean;
  readonly release?: string;
  readonly source?: string;
}

/** Defines `mhp conform`: compares the model step by step with recordings of real kernels. */
export function define(command: Command): void {
  nearestOption(command)
    .argument('<recording...>', 'archives or directories with an ops.json')
    .option('--release <name>', 'replay on this release instead of the recorded one')
    .addOption(
      new Option(
        '--source <bundle>',
        "replay the operations on page tables on the kernel's own C: a bundle of mhp ir",
      ).conflicts('release'),
    )
    .option('--json', 'print JSON')
    .action(async (recordings: string[], flags: Flags) => {
      const named = flags.release === undefined ? null : namedRelease('--release', flags.release, flags);
      printNotes(named?.notes ?? []);
      const program = flags.source === undefined ? null : new SourceProgram(loadBundle(flags.source));
      const reports: Report[] = [];
      for (const path of recordings) {
        const recording = await openRecording(path);
        const release = program ? sourceReleaseFor(recording.ops.kernel, program) : named?.release;
        program?.ran.clear();
        const report = conform(recording, release);
        reports.push(report);
        printNotes(report.notes);
        if (flags.json) continue;
        process.stdout.write(conformText(report));
        if (program) process.stdout.write(ranStepsText(program.ran));
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
