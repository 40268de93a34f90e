import { readdirSync, readFileSync } from 'node:fs';
import { type Entry, type Reading, readEntry } from '../../check/entry.ts';

/** A scenario of the catalogue with its text. */
export interface Listed {
  readonly entry: Entry;
  readonly text: string;
  /** How it is read again from its text. */
  readonly reading: Reading;
}

const FOLDER = new URL('../../../scenarios/', import.meta.url);

/** "B9" before "B10", "B36" before "B36b" */
const inOrder = (a: Listed, b: Listed): number =>
  a.entry.id.localeCompare(b.entry.id, 'en', { numeric: true, sensitivity: 'variant' });

/** The id of a scenario, without parsing all of it. */
const idOf = (text: string): string | undefined => /^id: *(\S+)/m.exec(text)?.[1];

/**
 * The scenarios with ids that come with the program, by id.
 * @param wanted selects ids: reading all scenarios takes a third of a second
 */
export function catalogue(wanted: (id: string) => boolean = () => true): Listed[] {
  return readdirSync(FOLDER, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.yaml'))
    .map((name) => [`scenarios/${name}`, readFileSync(new URL(name, FOLDER), 'utf8')] as const)
    .filter(([, text]) => {
      const id = idOf(text);
      return id !== undefined && wanted(id);
    })
    .map(([file, text]) => ({ entry: readEntry(text, file), text, reading: {} }))
    .sort(inOrder);
}
