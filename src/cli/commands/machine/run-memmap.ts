import { describes } from '../../../check/meant.ts';
import { ImpossibleMachine } from '../../../errors/impossible-machine.ts';
import { InputError } from '../../../errors/input-error.ts';
import { findMemRelease } from '../../../memmap/releases/mem-releases.ts';
import { memHeading, memJson, memStepText } from '../../../memmap/report/mem-text.ts';
import { type MemScenario, notARelease, parseMemScenario } from '../../../memmap/scenarios/mem-scenario.ts';
import { type MemOutcome, runMemScenario } from '../../../memmap/scenarios/mem-session.ts';
import { colors } from '../../colors.ts';

interface Flags {
  readonly release?: string;
  readonly json?: boolean;
  readonly stopOnError?: boolean;
  readonly host?: boolean;
  readonly show?: readonly string[];
  readonly html?: string;
  readonly svg?: string;
  readonly draw?: boolean;
}

/** `mhp run` for a scenario about struct pages. Exit status: 0 as expected, 1 for an unexpected failure. */
export function runMemmap(text: string, file: string, flags: Flags): number {
  for (const option of ['host', 'show'] as const) {
    if (flags[option])
      throw new InputError(
        `--${option}`,
        '',
        'a scenario with memory has its own machine, without /proc and /sys',
      );
  }
  for (const option of ['html', 'svg', 'draw'] as const) {
    if (flags[option])
      throw new InputError(`--${option}`, '', 'a scenario with memory has no memory blocks to draw');
  }
  const scenario = parseMemScenario(text, file);
  const release = flags.release === undefined ? scenario.release : findMemRelease(flags.release);
  if (!release) throw new InputError('--release', '', notARelease(flags.release!));
  const outcomes: MemOutcome[] = [];
  if (!flags.json) process.stdout.write(memHeading(scenario, release));
  try {
    for (const outcome of runMemScenario(scenario, release)) {
      outcomes.push(outcome);
      if (!flags.json) process.stdout.write(memStepText(outcome, colors.red));
      if (flags.stopOnError && outcome.failures.length > 0) break;
    }
  } catch (error) {
    if (error instanceof ImpossibleMachine) throw new InputError(file, 'memory', error.message);
    throw error;
  }
  if (flags.json) process.stdout.write(`${JSON.stringify(memJson(scenario, release, outcomes), null, 2)}\n`);
  return verdict(scenario, release.name, outcomes);
}

/** The result for a known bug is as expected if its failure occurs on its release, and none on any other. */
function verdict({ failure, release }: MemScenario, name: string, outcomes: readonly MemOutcome[]): number {
  const failures = outcomes.flatMap((outcome) => outcome.failures);
  if (!failure || name !== release.name) return failures.length ? 1 : 0;
  return failures.some((found) => describes(failure, found)) ? 0 : 1;
}
