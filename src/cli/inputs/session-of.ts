import { InputError } from '../../errors/input-error.ts';
import { readHost, readMachine } from '../../machines/read.ts';
import { run_scenario } from '../../scenarios/running/run.ts';
import { Session } from '../../scenarios/running/session.ts';
import { boot_named, is_scenario, machine_of, read_scenario, release_for } from './source.ts';

export interface SourceFlags {
  readonly release?: string;
  readonly after?: string;
}

/** A machine as a source leaves it: a scenario run to its end or to a step, a machine just booted, this host. */
export async function session_of(source: string | undefined, flags: SourceFlags): Promise<Session> {
  const scenario = source !== undefined && is_scenario(source) ? read_scenario(source) : null;
  const machine = await (scenario
    ? machine_of(scenario)
    : source === undefined
      ? readHost()
      : readMachine(source));
  const session = new Session(boot_named(machine, release_for(flags.release, scenario, machine)));
  if (flags.after !== undefined && (!scenario || !/^\d{1,6}$/.test(flags.after)))
    throw new InputError('--after', '', 'takes a number of steps of a scenario');
  if (!scenario) return session;
  const steps = scenario.steps.slice(0, flags.after === undefined ? undefined : Number(flags.after));
  for (const _ of run_scenario({ ...scenario, steps }, session, { check: false }));
  return session;
}
