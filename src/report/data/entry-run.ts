import type { StepsEntry } from '../../check/entry.ts';
import { entrySession } from '../../check/entry-session.ts';
import type { Variation } from '../../check/variation.ts';
import { runScenario } from '../../scenarios/running/run-scenario.ts';
import { type RunData, RunRecorder, runData } from './run-data.ts';

/** An entry whose operations run one after the other, as mhp-run/2: with a snapshot of the machine at every step. */
export function entryRun(entry: StepsEntry, release: string, variation: Variation = {}): RunData {
  const session = entrySession(entry, release, variation);
  const recorder = new RunRecorder(session);
  for (const outcome of runScenario(entry.scenario, session)) recorder.add(outcome);
  return runData({ machine: entry.file, title: entry.title, notes: [] }, session, recorder);
}
