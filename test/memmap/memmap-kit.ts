import type { MemMachine } from '../../src/memmap/boot/mem-machine.ts';
import { bootMemmodel, type MemModel } from '../../src/memmap/boot/memmap-boot.ts';
import { memReleases } from '../../src/memmap/releases/mem-releases.ts';
import { parseMemScenario } from '../../src/memmap/scenarios/mem-scenario.ts';
import { type MemOutcome, runMemScenario } from '../../src/memmap/scenarios/mem-session.ts';
import { Runner } from '../../src/schedule/runner.ts';
import type { Steps } from '../../src/steps/step.ts';

/** Shared by the tests of struct pages. */

const K = 2 ** 10;

/** A machine with sections of two pages and huge pages of 2 and 4; this many sections of RAM from 0. */
export const tiny = (sections: number, more: Partial<MemMachine> = {}): MemMachine => ({
  arch: 'tiny',
  page_size: 4 * K,
  memory_model: 'SPARSEMEM_EXTREME',
  memmap: 'foreign',
  ram: [{ start: 0, size: sections * 8 * K, node: 0 }],
  ...more,
});

export const booted = (release: string, machine: MemMachine): MemModel =>
  bootMemmodel(machine, memReleases.get(release)!);

/** Runs one kernel function to its end. */
export const run = <T>({ world }: MemModel, thread: Steps<T>) => new Runner(world).run(thread);

/** Its value; an oops fails the test. */
export function value<T>(model: MemModel, thread: Steps<T>): T {
  const outcome = run(model, thread);
  if (outcome.ended !== 'returned') throw new Error(JSON.stringify(outcome.events));
  return outcome.value as T;
}

/** Runs steps on a machine of a release, one after another. */
export const play = (release: string, machine: MemMachine, ...steps: readonly object[]): MemOutcome[] => [
  ...runMemScenario({ file: 'test', machine, steps: parse(steps) }, memReleases.get(release)!),
];

const parse = (steps: readonly object[]) =>
  parseMemScenario(
    JSON.stringify({ release: 'v6.1', memory: { arch: 'tiny', ram: [{ start: 0, size: 8192 }] }, steps }),
    'test',
  ).steps;

export const texts = (outcome: MemOutcome): string[] =>
  outcome.failures.map(({ kind, text }) => `${kind}: ${text}`);
