import type { Command } from 'commander';
import { InputError } from '../../../errors/input-error.ts';
import type { Release } from '../../../releases/index.ts';
import { paddingJson, paddingText } from '../../../report/pages/padding.ts';
import { sectionsJson, sectionsText } from '../../../report/pages/sections.ts';
import { measurePadding } from '../../../scenarios/nvdimm/padding.ts';
import { sectionTable } from '../../../scenarios/pages/section-table.ts';
import { machineOptions } from '../../inputs/machine-options.ts';
import { namedRelease } from '../../inputs/named-release.ts';
import { printNotes } from '../../inputs/notes.ts';
import { type SourceFlags, sessionOf } from '../../inputs/session-of.ts';

interface Flags extends SourceFlags {
  readonly json?: boolean;
  readonly padding?: boolean;
  readonly trials?: string;
  readonly seed?: string;
  readonly steps?: string;
  readonly old?: string;
}

const PADDING_ONLY = ['old', 'trials', 'seed', 'steps'] as const;

/** Defines `mhp sections`: the sections and sub-sections of a machine, and the benefit of sub-sections. */
export function define(command: Command): void {
  machineOptions(command)
    .argument(
      '[source]',
      'a scenario (run to its end) or a machine: file, directory, archive or RECORDING:STEP (default: this machine)',
    )
    .option('--after <n>', 'run only the first n steps of the scenario')
    .option(
      '--padding',
      'measure what padding to sections costs, with NVDIMM regions placed at random and then moved',
    )
    .option('--old <name>', 'with --padding: the kernel to compare with (default: v5.2)')
    .option('--trials <n>', 'with --padding: pairs of regions (default: 20)')
    .option('--seed <n>', 'with --padding: the seed of the random places (default: 1)')
    .option(
      '--steps <n>',
      'with --padding: number of places, 2M apart, to which the first region is moved (default: 64)',
    )
    .option('--json', 'print JSON')
    .action(async (source: string | undefined, flags: Flags) => {
      process.stdout.write(flags.padding ? padding(source, flags) : await sections(source, flags));
    });
}

const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

function number(option: string, text: string, least: number, most: number): number {
  if (!/^\d{1,9}$/.test(text) || Number(text) < least || Number(text) > most) {
    throw new InputError(option, '', `takes a number from ${least} to ${most}`);
  }
  return Number(text);
}

function known(option: string, name: string, flags: Flags): Release {
  const { release, notes } = namedRelease(option, name, flags);
  printNotes(notes);
  return release;
}

function padding(source: string | undefined, flags: Flags): string {
  if (source !== undefined)
    throw new InputError('--padding', '', 'takes no source: it places regions itself');
  if (flags.after !== undefined)
    throw new InputError('--padding', '', 'takes no --after: it runs no scenario');
  const measured = measurePadding({
    before: known('--old', flags.old ?? 'v5.2', flags),
    after: known('--release', flags.release ?? 'v6.1', flags),
    seed: number('--seed', flags.seed ?? '1', 0, 999_999_999),
    trials: number('--trials', flags.trials ?? '20', 1, 10_000),
    steps: number('--steps', flags.steps ?? '64', 0, 4096),
  });
  return flags.json ? json(paddingJson(measured)) : paddingText(measured);
}

async function sections(source: string | undefined, flags: Flags): Promise<string> {
  for (const option of PADDING_ONLY) {
    if (flags[option] !== undefined) throw new InputError(`--${option}`, '', 'needs --padding');
  }
  const { session, notes } = await sessionOf(source, flags);
  printNotes(notes);
  const table = sectionTable(session.state, session.kernel);
  return flags.json ? json(sectionsJson(table, notes)) : sectionsText(table);
}
