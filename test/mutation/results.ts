import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import type { Verdict } from './evaluate.ts';

/** A line of the results: a mutant's name and its verdict. */
export interface ResultLine extends Verdict {
  readonly name: string;
}

export function readResults(file: URL): Map<string, ResultLine> {
  if (!existsSync(file)) return new Map();
  const lines = readFileSync(file, 'utf8').split('\n').filter(Boolean);
  return new Map(lines.map((line) => JSON.parse(line) as ResultLine).map((result) => [result.name, result]));
}

export const appendResult = (file: URL, result: ResultLine): void =>
  appendFileSync(file, `${JSON.stringify(result)}\n`);

/** Rewrites the whole file, in this order. */
export const writeResults = (file: URL, results: readonly ResultLine[]): void =>
  writeFileSync(file, results.map((result) => `${JSON.stringify(result)}\n`).join(''));
