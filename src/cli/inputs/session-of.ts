import { InputError } from '../../errors/input-error.ts';
import { Session } from '../../scenarios/running/session.ts';
import type { MachineFlags } from './machine-options.ts';
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
  if (source !== undefined && isScenario(source)) return sessionAfter(source, flags);
  if (flags.after !== undefined) throw wrongAfter();
  const { model, notes } = await openMachine(source, flags);
  return { session: new Session(model), notes };
}

async function sessionAfter(file: string, flags: SourceFlags): Promise<SourceSession> {
  const { readScenario } = await import('./scenario-file.ts');
  const { runScenario } = await import('../../scenarios/running/run-scenario.ts');
  const scenario = readScenario(file, flags);
  const { model, notes } = await openMachine(scenario, flags);
  if (flags.after !== undefined && !/^\d{1,6}$/.test(flags.after)) throw wrongAfter();
  const session = new Session(model);
  const steps = scenario.steps.slice(0, flags.after === undefined ? undefined : Number(flags.after));
  for (const _ of runScenario({ ...scenario, steps }, session, { check: false }));
  return { session, notes };
}

const wrongAfter = (): InputError =>
  new InputError('--after', '', 'takes a number of steps, and only with a scenario');
