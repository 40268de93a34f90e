import { contentHash, type Entry, readEntry, type ThreadsEntry } from '../../check/entry.ts';
import { namedMonitor } from '../../check/monitors.ts';
import { mayBeMeant, watched } from '../../check/threads.ts';
import { parseProgramName, type Variation } from '../../check/variation.ts';
import { NoSuchGeometry } from '../../geometry/translation.ts';
import { findRelease, type Release } from '../../releases/index.ts';
import type { Monitor } from '../../schedule/monitors/monitor.ts';
import { findProgram, UnknownProgram } from '../../schedule/programs/built-in.ts';
import { BadToken } from '../../schedule/replay/token.ts';
import { type Exploration, explore } from '../../schedule/search/exploration.ts';
import type { SourceProgram } from '../../source/program.ts';
import { sourceRelease } from '../../source/release.ts';
import { catalogue } from './catalogue.ts';
import { scenarioByHash } from './scenario-by-hash.ts';
import { readText } from './text-file.ts';

export interface FoundProgram {
  readonly exploration: Exploration;
  /** The monitor that looks only for the failure that the scenario names. */
  readonly named?: Monitor;
}

/** Finds a program by its name in a token, with its monitors; by `named` alone if only one failure was looked for. */
export type FindProgram = (name: string) => FoundProgram | undefined;

/** The text of a scenario with its file, and how it is read. */
export interface FoundScenario {
  readonly text: string;
  readonly file: string;
  readonly own: boolean;
}

/** What a token says of its scenario, on a release or design. */
export interface ScenarioProgram {
  readonly scenario: FoundScenario;
  readonly release: string;
  readonly variation: Variation;
}

/**
 * The scenario of a token's program: from the catalogue, from the named file, or from a file that lies anywhere below this
 * folder; undefined for a name that no scenario has.
 * @throws BadToken that says which file is missing
 */
export function scenarioProgram(name: string, file: string | undefined): ScenarioProgram | undefined {
  const parsed = parseProgramName(name);
  if (!parsed) return undefined;
  const { id, release, variation } = parsed;
  const scenario = scenarioOf(id, file);
  return scenario && { scenario, release, variation };
}

function scenarioOf(id: string, file: string | undefined): FoundScenario | undefined {
  const [, own, hash] = /^(.*)~([0-9a-f]{8})$/.exec(id) ?? [];
  if (own === undefined || hash === undefined) {
    if (file !== undefined) return { text: readText(file), file, own: false };
    const [listed] = catalogue((known) => known === id);
    return listed && { text: listed.text, file: listed.entry.file, own: false };
  }
  if (file !== undefined) {
    const text = readText(file);
    if (contentHash(text) === hash) return { text, file, own: true };
    throw new BadToken(`${file} is not the scenario of the token, ${own}, or has changed since`);
  }
  const found = scenarioByHash(hash);
  if (found) return { ...found, own: true };
  throw new BadToken(
    `the token is of the scenario ${own}, and no file below this folder is that scenario: name its file`,
  );
}

/**
 * The threads of an entry on a release, with their monitors. The program keeps the requested name: a token may use a
 * release's former name.
 */
export function programOf(
  name: string,
  entry: ThreadsEntry,
  release: Release,
  variation: Variation,
): FoundProgram | undefined {
  try {
    const { program, monitors } = watched(entry, release, variation);
    const named = entry.failure ? namedMonitor(monitors, entry.failure.kind, mayBeMeant(entry)) : undefined;
    return { exploration: explore({ ...program, name }).only(...monitors), ...(named ? { named } : {}) };
  } catch (error) {
    if (error instanceof NoSuchGeometry) return undefined;
    throw error;
  }
}

/** Finds built-in programs, and scenarios with threads on their releases, from the catalogue or from files. */
export const programFinder =
  (file?: string, source?: SourceProgram): FindProgram =>
  (name) => {
    const found = scenarioProgram(name, file);
    if (!found) return parseProgramName(name) ? undefined : builtIn(name);
    const { scenario, release: releaseName, variation } = found;
    const entry = threadsOf(scenario, name);
    if (!entry) return undefined;
    const release = releaseNamed(entry.id, releaseName, source);
    return programOf(name, entry, release, variation);
  };

/** The release of a token, or the C of a bundle. */
function releaseNamed(id: string, name: string, source: SourceProgram | undefined): Release {
  const known = findRelease(name);
  if (known) return known;
  const token = `the token is of ${id} on ${name}`;
  const [, base] = /^(.+)~[0-9a-f]{8}$/.exec(name) ?? [];
  const under = base === undefined ? undefined : findRelease(base);
  if (!under) throw new BadToken(`${token}, which is a design: name its file with --design`);
  if (!source) throw new BadToken(`${token}, a kernel's own C: name its bundle with --source`);
  const release = sourceRelease(under, source);
  if (release.name === name) return release;
  throw new BadToken(`${token}, and the bundle is ${release.name}`);
}

/** The entry of a token, if it has threads. */
export function threadsOf({ text, file, own }: FoundScenario, name: string): ThreadsEntry | undefined {
  const entry: Entry = readEntry(text, file, { own });
  // a file of the user's has been found by its content, whatever its name is
  const known = own || name.startsWith(`${entry.program} on `);
  return entry.kind === 'threads' && known ? entry : undefined;
}

function builtIn(name: string): FoundProgram | undefined {
  try {
    return { exploration: findProgram(name) };
  } catch (error) {
    if (error instanceof UnknownProgram) return undefined;
    throw error;
  }
}
