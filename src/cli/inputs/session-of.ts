import { InputError } from '../../errors/input-error.ts';
import { runScenario } from '../../scenarios/running/run-scenario.ts';
import { Session } from '../../scenarios/running/session.ts';
import type { MachineFlags } from './machine-options.ts';
import { readScenario } from './scenario-file.ts';
import { openMachine } from './source.ts';
import { isScenario } from './text-file.ts';

export interface SourceFlags extends MachineFlags {
  readonly after?: string;
}

/** The machine of a source at work. */
export interface SourceSession {
  readonly session: Session;
  /** What was assumed, one line each. */
  readonly notes: readonly string[];
}

/** The machine from a source: a scenario run to its end or to a step, a machine just booted, or this host. */
export async function sessionOf(source: string | undefined, flags: SourceFlags): Promise<SourceSession> {
  const scenario = source !== undefined && isScenario(source) ? readScenario(source, flags) : null;
  const { model, notes } = await openMachine(scenario ?? source, flags);
  if (flags.after !== undefined && (!scenario || !/^\d{1,6}$/.test(flags.after)))
    throw new InputError('--after', '', 'takes a number of steps, and only with a scenario');
  const session = new Session(model);
  if (!scenario) return { session, notes };
  const steps = scenario.steps.slice(0, flags.after === undefined ? undefined : Number(flags.after));
  for (const _ of runScenario({ ...scenario, steps }, session, { check: false }));
  return { session, notes };
}
