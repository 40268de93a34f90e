import type { ThreadsEntry } from '../../check/entry.ts';
import { readEntry } from '../../check/entry.ts';
import { namedMonitor } from '../../check/monitors.ts';
import { mayBeMeant, watched } from '../../check/threads.ts';
import { parseProgramName } from '../../check/variation.ts';
import { NoSuchGeometry } from '../../geometry/translation.ts';
import { findRelease } from '../../releases/index.ts';
import type { Monitor } from '../../schedule/monitors/monitor.ts';
import { findProgram, UnknownProgram } from '../../schedule/programs/built-in.ts';
import { type Exploration, explore } from '../../schedule/search/exploration.ts';
import { catalogue } from './catalogue.ts';
import { readText } from './source.ts';

/** Finds a program by its name in a token, with its monitors; by `named` alone if only one failure was looked for. */
export type FindProgram = (
  name: string,
) => { readonly exploration: Exploration; readonly named?: Monitor } | undefined;

/** A scenario of the catalogue, or of the named file. */
function entryOf(id: string, file: string | undefined): ThreadsEntry | undefined {
  const entry =
    file === undefined ? catalogue((own) => own === id)[0]?.entry : readEntry(readText(file), file);
  return entry?.kind === 'threads' && entry.id === id ? entry : undefined;
}

/**
 * Finds built-in programs, and scenarios with threads on their releases, from the catalogue or from this file. The
 * program keeps the requested name: a token may use a release's former name.
 */
export const programFinder =
  (file?: string): FindProgram =>
  (name) => {
    const parsed = parseProgramName(name);
    if (!parsed) return builtIn(name);
    const entry = entryOf(parsed.id, file);
    const release = findRelease(parsed.release);
    if (!entry || !release) return undefined;
    try {
      const { program, monitors } = watched(entry, release, parsed.variation);
      const named = entry.failure ? namedMonitor(monitors, entry.failure.kind, mayBeMeant(entry)) : undefined;
      return { exploration: explore({ ...program, name }).only(...monitors), ...(named ? { named } : {}) };
    } catch (error) {
      if (error instanceof NoSuchGeometry) return undefined;
      throw error;
    }
  };

function builtIn(name: string): ReturnType<FindProgram> {
  try {
    return { exploration: findProgram(name) };
  } catch (error) {
    if (error instanceof UnknownProgram) return undefined;
    throw error;
  }
}
