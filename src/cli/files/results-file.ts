import { createHash } from 'node:crypto';
import { appendFileSync, readFileSync } from 'node:fs';
import { InputError } from '../../errors/input-error.ts';
import { onFile, saveWhole } from './output.ts';

/** SHA-256 of the inputs of a results file. */
export function digest(parts: Iterable<unknown>): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(JSON.stringify(part));
  return hash.digest('hex');
}

const lineOf = (value: unknown): string => `${JSON.stringify(value)}\n`;

/**
 * The lines after the header of a JSON Lines file whose writing was stopped; a line without an end is dropped.
 * @throws InputError if the file cannot be read, has another header, or a line that is not a record
 */
export function readLines<T>(
  path: string,
  header: object,
  isRecord: (value: object, index: number) => boolean,
): T[] {
  const text = onFile(path, () => readFileSync(path, 'utf8'));
  const lines = text
    .slice(0, text.lastIndexOf('\n') + 1)
    .split('\n')
    .slice(0, -1);
  if (lines[0] !== JSON.stringify(header))
    throw new InputError(path, 'line 1', 'is not the header of these runs: the runs or their bounds differ');
  return lines.slice(1).map((line, i) => {
    try {
      const value: unknown = JSON.parse(line);
      if (typeof value === 'object' && value !== null && isRecord(value, i)) return value as T;
    } catch {}
    throw new InputError(path, `line ${i + 2}`, 'is not a record of this run');
  });
}

/** Writes results to a JSON Lines file: they arrive in any order, and are written in the order of their runs. */
export class ResultsFile<T> {
  readonly #path: string;
  readonly #waiting = new Map<number, readonly T[]>();
  #next: number;

  /** Begins with existing records: those of the first runs. */
  constructor(path: string, header: object, done: readonly (readonly T[])[]) {
    this.#path = path;
    this.#next = done.length;
    saveWhole(path, lineOf(header) + done.flat().map(lineOf).join(''));
  }

  add(index: number, records: readonly T[]): void {
    this.#waiting.set(index, records);
    let text = '';
    for (let next = this.#waiting.get(this.#next); next; next = this.#waiting.get(this.#next)) {
      text += next.map(lineOf).join('');
      this.#waiting.delete(this.#next++);
    }
    if (text !== '') onFile(this.#path, () => appendFileSync(this.#path, text));
  }
}
