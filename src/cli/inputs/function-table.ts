import { readFileSync } from 'node:fs';
import { parse } from 'yaml';

/** A function of the kernel in a file of its tree. */
export interface ListedFunction {
  readonly name: string;
  readonly file: string;
}

/** Locks that all callers of a function hold, and the entries of the catalogue that call it. */
export interface Calls {
  readonly holds: readonly string[];
  readonly entries: readonly string[];
}

const textOf = (name: string): string =>
  readFileSync(new URL(`../../../src/kernel/${name}`, import.meta.url), 'utf8');

/** src/kernel/functions.yaml: a function that several files have is listed with each. */
export const listedFunctions = (): ListedFunction[] =>
  Object.entries(parse(textOf('functions.yaml')) as Readonly<Record<string, object>>).flatMap(
    ([file, functions]) => Object.keys(functions).map((name) => ({ name, file })),
  );

/** src/kernel/calls.json */
export const functionCalls = (): Readonly<Record<string, Calls>> =>
  JSON.parse(textOf('calls.json')) as Readonly<Record<string, Calls>>;
