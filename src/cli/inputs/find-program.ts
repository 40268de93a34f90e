import type { ThreadsEntry } from '../../check/entry.ts';
import { read_entry } from '../../check/entry.ts';
import { named_monitor } from '../../check/monitors.ts';
import { may_be_meant, watched } from '../../check/threads.ts';
import { parse_program_name } from '../../check/variation.ts';
import { NoSuchGeometry } from '../../geometry/translation.ts';
import { find_release } from '../../releases/index.ts';
import type { Monitor } from '../../schedule/monitors/monitor.ts';
import { findProgram, UnknownProgram } from '../../schedule/programs/built-in.ts';
import { type Exploration, explore } from '../../schedule/search/exploration.ts';
import { catalogue } from './catalogue.ts';
import { read_text } from './source.ts';

/** A program by the name a token has for it, as it was watched; by `named` alone, where one failure was looked for. */
export type FindProgram = (
  name: string,
) => { readonly exploration: Exploration; readonly named?: Monitor } | undefined;

/** A scenario of the catalogue, or of a file given by name. */
function entry_of(id: string, file: string | undefined): ThreadsEntry | undefined {
  const entry =
    file === undefined ? catalogue((own) => own === id)[0]?.entry : read_entry(read_text(file), file);
  return entry?.kind === 'threads' && entry.id === id ? entry : undefined;
}

/**
 * Built-in programs, and scenarios with threads on their releases: of the catalogue, or of this file.
 * A program is called as it was asked for: a token may name a release as it was called once.
 */
export const find_program =
  (file?: string): FindProgram =>
  (name) => {
    const parsed = parse_program_name(name);
    if (!parsed) return built_in(name);
    const entry = entry_of(parsed.id, file);
    const release = find_release(parsed.release);
    if (!entry || !release) return undefined;
    try {
      const { program, monitors } = watched(entry, release, parsed.variation);
      const named = entry.failure
        ? named_monitor(monitors, entry.failure.kind, may_be_meant(entry))
        : undefined;
      return { exploration: explore({ ...program, name }).only(...monitors), ...(named ? { named } : {}) };
    } catch (error) {
      if (error instanceof NoSuchGeometry) return undefined;
      throw error;
    }
  };

function built_in(name: string): ReturnType<FindProgram> {
  try {
    return { exploration: findProgram(name) };
  } catch (error) {
    if (error instanceof UnknownProgram) return undefined;
    throw error;
  }
}
