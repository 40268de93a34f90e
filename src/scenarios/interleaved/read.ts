import { InputError, InputErrors } from '../../errors/input-error.ts';
import type { Region } from '../../geometry/layout.ts';
import { isKernelFunction } from '../../kernel/function-names.ts';
import { type Release, releases } from '../../releases/index.ts';
import { nearest } from '../../releases/nearest.ts';
import { leastArguments, signatureOf } from '../../releases/signature.ts';
import {
  BadExpression,
  type Expression,
  parseExpression,
  type Scope,
  type Use,
  usesIn,
} from './expression.ts';
import { LOCKS } from './locks.ts';
import { EXPRESSION_FUNCTIONS, EXPRESSION_NAMES, unknownName } from './names.ts';
import type { InterleavedFile } from './schema.ts';
import { intoOf, parseStatement, type Statement } from './statement.ts';

/** A line, with a function that makes an error naming its place. */
export type ThreadLine = Statement & { readonly wrong: (what: string) => InputError };

/** The threads of a scenario as in its file. */
export interface Interleaved {
  readonly layout: readonly Region[] | null;
  readonly config: NonNullable<InterleavedFile['config']>;
  readonly names: readonly {
    readonly name: string;
    readonly value: Expression;
    readonly wrong: ThreadLine['wrong'];
  }[];
  readonly before: readonly ThreadLine[];
  /** Invariants that are not checked once the threads have ended. */
  readonly partial: readonly string[];
  readonly threads: Readonly<Record<string, readonly ThreadLine[]>>;
  readonly wrong: ThreadLine['wrong'];
}

type Wrong = (path: readonly PropertyKey[], what: string) => InputError;

const NOWHERE: Scope = { name: () => undefined, call: () => undefined };

const functions = new Set(
  [...releases.values()].flatMap((release) =>
    (['arm64', 'x86_64'] as const).flatMap((arch) => Object.keys(release.functions(arch))),
  ),
);

/** "; near it: f(), g()", or nothing. */
function near(fn: string): string {
  const names = nearest(fn, [...functions, ...Object.keys(LOCKS)].filter(isKernelFunction));
  return names.length > 0 ? `; near it: ${names.map((name) => `${name}()`).join(', ')}` : '';
}

const CONSTANTS = new Set(EXPRESSION_NAMES);
const CALLS = new Set(EXPRESSION_FUNCTIONS);

/** What is wrong with the names that an expression uses, where `given` are defined. */
const wrongNames = (uses: readonly Use[], given: ReadonlySet<string>): string[] =>
  uses
    .filter(({ name, called }) => !(called ? CALLS.has(name) : CONSTANTS.has(name) || given.has(name)))
    .map(({ name, called }) => unknownName(name, called, given));

/** What is wrong with the number of arguments of a call on a release, or on all of them. */
function wrongNumber(fn: string, given: number, release: Release | null): string[] {
  const least = leastArguments(fn, release);
  if (least !== null && given < least) return [`too few arguments to ${fn}(): ${given} of ${least}`];
  const takes = [signatureOf(fn, 'arm64'), signatureOf(fn, 'x86_64')].filter((one) => one !== null);
  const most = takes.toSorted((a, b) => b.names.length - a.names.length)[0];
  return most && given > most.names.length
    ? [`too many arguments to ${fn}(${most.names.join(', ')}): ${given} for ${most.names.length}`]
    : [];
}

/** What is wrong with a line. */
const wrongIn = (line: Statement, given: ReadonlySet<string>, release: Release | null): string[] => [
  ...(line.kind === 'call' ? wrongNumber(line.fn, line.args.length, release) : []),
  ...wrongNames(line.uses, given),
];

/**
 * The threads of a file, held to the release that it names; null if it has none. `wrong` makes an error that names a place in the file.
 * @throws InputError naming line and key of each fault
 */
export function readInterleaved(
  file: InterleavedFile,
  release: Release | null,
  wrong: Wrong,
): Interleaved | null {
  const placed = <T>(path: readonly PropertyKey[], read: () => T): T => {
    try {
      return read();
    } catch (error) {
      if (error instanceof BadExpression) throw wrong(path, error.message);
      throw error;
    }
  };
  const faults: InputError[] = [];
  const collect = <T>(read: () => T): T[] => {
    try {
      return [read()];
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      faults.push(error);
      return [];
    }
  };
  const statement = (line: string, path: readonly PropertyKey[]): ThreadLine => {
    const read = placed(path, () => parseStatement(line));
    if (read.kind === 'call' && !functions.has(read.fn) && !Object.hasOwn(LOCKS, read.fn))
      throw wrong(path, `${read.fn}() is not a function of a modelled kernel${near(read.fn)}`);
    return { ...read, wrong: (what) => wrong(path, what) };
  };
  /** Lines in order; `given` are the names that they may use, and receives those that they define. */
  const statements = (
    lines: readonly string[],
    path: readonly PropertyKey[],
    given: Set<string>,
  ): ThreadLine[] =>
    lines.flatMap((line, i) => {
      const read = collect(() => statement(line, [...path, i]));
      for (const one of read)
        faults.push(...wrongIn(one, given, release).map((what) => wrong([...path, i], what)));
      const into = intoOf(line);
      if (into !== null) given.add(into);
      return read;
    });
  const region = (name: string, ends: readonly string[]): Region => {
    const [start, end] = ends.map((text, i) =>
      placed(['layout', name, i], () => parseExpression(text)(NOWHERE)),
    );
    if (typeof start !== 'number' || typeof end !== 'number')
      throw wrong(['layout', name], 'is not a pair of addresses');
    return { name, start, end };
  };
  if (!file.threads) {
    const alone = (['layout', 'config', 'let', 'before', 'partial'] as const).find(
      (key) => file[key] !== undefined,
    );
    if (alone) throw wrong([alone], 'is for scenarios with threads');
    return null;
  }
  if (Object.keys(file.threads).length === 0) throw wrong(['threads'], 'names no thread');
  const given = new Set<string>();
  const named = (name: string, text: string) => {
    const value = placed(['let', name], () => parseExpression(text));
    faults.push(...wrongNames(usesIn(text), given).map((what) => wrong(['let', name], what)));
    return { name, value, wrong: (what: string) => wrong(['let', name], what) };
  };
  const read: Interleaved = {
    layout: file.layout
      ? Object.entries(file.layout).flatMap(([name, ends]) => collect(() => region(name, ends)))
      : null,
    config: file.config ?? {},
    names: Object.entries(file.let ?? {}).flatMap(([name, text]) => {
      const one = collect(() => named(name, text));
      given.add(name);
      return one;
    }),
    partial: file.partial ?? [],
    before: statements(file.before ?? [], ['before'], given),
    threads: Object.fromEntries(
      Object.entries(file.threads).map(([name, lines]) => [
        name,
        statements(lines, ['threads', name], new Set(given)),
      ]),
    ),
    wrong: (what) => wrong(['threads'], what),
  };
  if (faults.length > 0) throw new InputErrors(faults);
  return read;
}
