import { InputError } from '../../errors/input-error.ts';
import { readHost, readMachine } from '../../machines/read.ts';
import { runScenario } from '../../scenarios/running/run-scenario.ts';
import { Session } from '../../scenarios/running/session.ts';
import { bootNamed, isScenario, machineOf, readScenario, releaseFor } from './source.ts';

export interface SourceFlags {
  readonly release?: string;
  readonly after?: string;
}

/** The machine from a source: a scenario run to its end or to a step, a machine just booted, or this host. */
export async function sessionOf(source: string | undefined, flags: SourceFlags): Promise<Session> {
  const scenario = source !== undefined && isScenario(source) ? readScenario(source) : null;
  const machine = await (scenario
    ? machineOf(scenario)
    : source === undefined
      ? readHost()
      : readMachine(source));
  const session = new Session(bootNamed(machine, releaseFor(flags.release, scenario, machine)));
  if (flags.after !== undefined && (!scenario || !/^\d{1,6}$/.test(flags.after)))
    throw new InputError('--after', '', 'takes a number of steps, and only with a scenario');
  if (!scenario) return session;
  const steps = scenario.steps.slice(0, flags.after === undefined ? undefined : Number(flags.after));
  for (const _ of runScenario({ ...scenario, steps }, session, { check: false }));
  return session;
}
