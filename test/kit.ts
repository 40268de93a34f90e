import { stringify } from 'yaml';
import { type BootOptions, boot } from '../src/boot/boot.ts';
import type { Machine } from '../src/machines/machine.ts';
import { parseMachineFile } from '../src/machines/machine-file/machine-file.ts';
import { findRelease } from '../src/releases/index.ts';
import { parseScenario } from '../src/scenarios/format/read.ts';
import { runScenario, type StepOutcome } from '../src/scenarios/running/run-scenario.ts';
import { Session } from '../src/scenarios/running/session.ts';
import { Runner, type RunOutcome } from '../src/schedule/runner.ts';
import type { Steps } from '../src/steps/step.ts';

/** Shared by the tests of the kernel: machines, and ways to run one function or a few operations on them. */

export const K = 2 ** 10;
export const M = 2 ** 20;
export const G = 2 ** 30;

/** A machine file as an object. */
export type MachineObject = Readonly<Record<string, unknown>>;

/** 2G on node 0; node 1 has a CPU; node 2 has nothing and appears with its first memory. */
export const X86: MachineObject = {
  arch: 'x86_64',
  ram: [{ start: 0, size: '2G' }],
  nodes: [{ node: 0, cpus: '0' }, { node: 1, cpus: '1' }, { node: 2 }],
};

/** 2G from 1G on node 0. */
export const ARM64: MachineObject = {
  arch: 'arm64',
  ram: [{ start: '1G', size: '2G' }],
  nodes: [{ node: 0, cpus: '0' }, { node: 1, cpus: '1' }, { node: 2 }],
};

/** Messages of pr_debug in mm/memory_hotplug.c are printed. */
export const DYNDBG = 'dyndbg="file mm/memory_hotplug.c +p"';

export const withOptions = (machine: MachineObject, bootOptions: string): MachineObject => ({
  ...machine,
  boot_options: bootOptions,
});

/** A release that has booted on the machine. */
export function booted(release: string, machine: MachineObject, options: BootOptions = {}): Session {
  const parsed = parseMachineFile(stringify(machine), 'machine');
  return new Session(boot(parsed, findRelease(release)!, options));
}

/** Runs one kernel function on a booted machine. */
export const run = <T>(session: Session, thread: Steps<T>): RunOutcome<T> =>
  new Runner(session.state).run(thread);

/** Runs steps of a scenario on a booted machine. */
export function play(session: Session, ...steps: readonly object[]): StepOutcome[] {
  const text = stringify({ machine: 'unused', steps });
  return [...runScenario(parseScenario(text, 'steps'), session)];
}

/** Runs steps of a scenario; each must have the expected result and violate no invariant. */
export function must(session: Session, ...steps: readonly object[]): void {
  for (const outcome of play(session, ...steps)) {
    if (outcome.failures.length) {
      throw new Error(`${outcome.operation}: ${outcome.failures.map((f) => f.text).join('; ')}`);
    }
  }
}

/** Runs the steps and returns the result of the last; those before it must succeed. */
export function last(session: Session, ...steps: readonly object[]): StepOutcome {
  if (steps.length > 1) must(session, ...steps.slice(0, -1));
  return play(session, steps.at(-1)!)[0]!;
}

/** The text of a file; null if it does not exist. */
export function cat(session: Session, path: string): string | null {
  const entry = session.read(path);
  return entry?.kind === 'file' ? entry.text : null;
}

export const memory = (id: number, name: string): string => `/sys/devices/system/memory/memory${id}/${name}`;

/** A whole scenario from its text. */
export function runText(text: string): StepOutcome[] {
  const scenario = parseScenario(text, 'scenario.yaml');
  const release = scenario.release ?? findRelease('v6.1')!;
  return [...runScenario(scenario, new Session(boot(scenario.machine as Machine, release)))];
}
