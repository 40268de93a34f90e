import pc from 'picocolors';
import { describes } from '../../check/meant.ts';
import { ImpossibleMachine } from '../../errors/impossible-machine.ts';
import { InputError } from '../../errors/input-error.ts';
import { find_mem_release } from '../../memmap/releases/mem-releases.ts';
import { mem_heading, mem_json, mem_step_text } from '../../memmap/report/mem-text.ts';
import { type MemScenario, not_a_release, parseMemScenario } from '../../memmap/scenarios/mem-scenario.ts';
import { type MemOutcome, run_mem_scenario } from '../../memmap/scenarios/mem-session.ts';

interface Flags {
  readonly release?: string;
  readonly json?: boolean;
  readonly stopOnError?: boolean;
  readonly host?: boolean;
  readonly show?: readonly string[];
}

/** `mhp run` of a scenario about struct pages. Exit status: 0 as expected, 1 a failure that was not expected. */
export function run_memmap(text: string, file: string, flags: Flags): number {
  for (const option of ['host', 'show'] as const) {
    if (flags[option])
      throw new InputError(
        `--${option}`,
        '',
        'a scenario with memory has its own machine, without /proc and /sys',
      );
  }
  const scenario = parseMemScenario(text, file);
  const release = flags.release === undefined ? scenario.release : find_mem_release(flags.release);
  if (!release) throw new InputError('--release', '', not_a_release(flags.release!));
  const outcomes: MemOutcome[] = [];
  if (!flags.json) process.stdout.write(mem_heading(scenario, release));
  try {
    for (const outcome of run_mem_scenario(scenario, release)) {
      outcomes.push(outcome);
      if (!flags.json) process.stdout.write(mem_step_text(outcome, pc.red));
      if (flags.stopOnError && outcome.failures.length > 0) break;
    }
  } catch (error) {
    if (error instanceof ImpossibleMachine) throw new InputError(file, 'memory', error.message);
    throw error;
  }
  if (flags.json) process.stdout.write(`${JSON.stringify(mem_json(scenario, release, outcomes), null, 2)}\n`);
  return verdict(scenario, release.name, outcomes);
}

/** A known bug is as expected when its failure shows on its release, and none on any other. */
function verdict({ failure, release }: MemScenario, name: string, outcomes: readonly MemOutcome[]): number {
  const failures = outcomes.flatMap((outcome) => outcome.failures);
  if (!failure || name !== release.name) return failures.length ? 1 : 0;
  return failures.some((found) => describes(failure, found)) ? 0 : 1;
}
