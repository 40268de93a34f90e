import { readdirSync, readFileSync } from 'node:fs';
import { type Entry, read_entry } from '../../check/entry.ts';

/** A scenario of the catalogue with the text it was read from. */
export interface Listed {
  readonly entry: Entry;
  readonly text: string;
}

const FOLDER = new URL('../../../scenarios/', import.meta.url);

/** "B9" before "B10", "B36" before "B36b" */
const in_order = (a: Listed, b: Listed): number =>
  a.entry.id.localeCompare(b.entry.id, 'en', { numeric: true, sensitivity: 'variant' });

/** Every scenario that comes with the program and has a name of its own, by its id. */
export function catalogue(): Listed[] {
  return readdirSync(FOLDER, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.yaml'))
    .map((name) => [`scenarios/${name}`, readFileSync(new URL(name, FOLDER), 'utf8')] as const)
    .filter(([, text]) => /^id:/m.test(text))
    .map(([file, text]) => ({ entry: read_entry(text, file), text }))
    .sort(in_order);
}
