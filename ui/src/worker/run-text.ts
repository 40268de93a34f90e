import { boot } from '../../../src/boot/boot.ts';
import { readEntry } from '../../../src/check/entry.ts';
import { InputError } from '../../../src/errors/input-error.ts';
import { isMemScenario } from '../../../src/memmap/scenarios/is-mem-scenario.ts';
import { findRelease, notARelease } from '../../../src/releases/index.ts';
import { type RunData, RunRecorder, runData } from '../../../src/report/data/run-data.ts';
import { parseScenario } from '../../../src/scenarios/format/read.ts';
import { runScenario } from '../../../src/scenarios/running/run-scenario.ts';
import { Session } from '../../../src/scenarios/running/session.ts';
import { parseMemScenario } from './memmap.ts';

/** Runs a scenario whose operations follow one another, on the machine that it describes. */
export function runText(text: string, file: string, release: string | null): RunData {
  if (isMemScenario(text)) throw new InputError(file, 'memory', 'has no memory blocks: check it instead');
  const scenario = parseScenario(text, file);
  const { machine } = scenario;
  if (scenario.interleaved) throw new InputError(file, 'threads', 'run at the same time: check them instead');
  if (typeof machine === 'string')
    throw new InputError(
      file,
      'machine',
      'is in another file, which a browser cannot read: describe it here',
    );
  const chosen = release === null ? scenario.release : findRelease(release);
  if (release !== null && !chosen) throw new InputError('release', '', notARelease(release));
  const session = new Session(boot(machine, chosen ?? findRelease('v7.2')!));
  const recorder = new RunRecorder(session);
  for (const outcome of runScenario(scenario, session)) recorder.add(outcome);
  return runData({ machine: file, title: scenario.title, notes: [] }, session, recorder);
}

/** What a scenario is, if it can be read. @throws InputError */
export function readAny(text: string) {
  const file = 'scenario.yaml';
  if (isMemScenario(text)) {
    const { release, fixed } = parseMemScenario(text, file);
    return {
      kind: 'memmap' as const,
      release: release.name,
      releases: [release.name, ...fixed.map(({ name }) => name)],
    };
  }
  const scenario = parseScenario(text, file);
  const kind = scenario.interleaved ? ('threads' as const) : ('steps' as const);
  if (kind === 'threads') readEntry(text, file, { own: true });
  const release = scenario.release?.name ?? 'v7.2';
  return { kind, release, releases: [release, ...scenario.fixed.map(({ name }) => name)] };
}
