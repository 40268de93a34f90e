import type { MemRelease } from '../../../src/memmap/releases/mem-releases.ts';
import type { MemScenario } from '../../../src/memmap/scenarios/mem-scenario.ts';
import type { MemOutcome } from '../../../src/memmap/scenarios/mem-session.ts';

/**
 * In the worker these functions stand for those of src/memmap, which are loaded when a scenario about struct pages comes: a
 * tenth of the worker (build/worker-plugin.ts puts this file in their place).
 */

let real: typeof import('./memmap-real.ts') | undefined;

export async function loadMemmap(): Promise<void> {
  real ??= await import('./memmap-real.ts');
}

function loaded(): NonNullable<typeof real> {
  if (!real) throw new Error('src/memmap is not loaded');
  return real;
}

export { isMemScenario } from '../../../src/memmap/scenarios/is-mem-scenario.ts';

export const parseMemScenario = (text: string, file: string): MemScenario =>
  loaded().parseMemScenario(text, file);

/** The outcomes of a scenario in lines. */
export const memText = (outcomes: readonly MemOutcome[]): string =>
  outcomes.map((outcome) => loaded().memStepText(outcome, (text) => text)).join('');

/** Before src/memmap is loaded there is no such release. */
export const findMemRelease = (name: string): MemRelease | undefined => real?.findMemRelease(name);

export const runMemScenario = (scenario: MemScenario, release: MemRelease): Iterable<MemOutcome> =>
  loaded().runMemScenario(scenario, release);
