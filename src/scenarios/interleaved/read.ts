import type { Region } from '../../geometry/layout.ts';
import { releases } from '../../releases/index.ts';
import { BadExpression, type Expression, parseExpression, type Scope } from './expression.ts';
import { LOCKS } from './locks.ts';
import type { InterleavedFile } from './schema.ts';
import { parseStatement, type Statement } from './statement.ts';

/** A line, with a function that makes an error naming its place. */
export type ThreadLine = Statement & { readonly wrong: (what: string) => Error };

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

type Wrong = (path: readonly PropertyKey[], what: string) => Error;

const NOWHERE: Scope = { name: () => undefined, call: () => undefined };

const functions = new Set(
  [...releases.values()].flatMap((release) =>
    (['arm64', 'x86_64'] as const).flatMap((arch) => Object.keys(release.functions(arch))),
  ),
);

/** The threads of a file; null if it has none. `wrong` makes an error that names a place in the file. */
export function readInterleaved(file: InterleavedFile, wrong: Wrong): Interleaved | null {
  const placed = <T>(path: readonly PropertyKey[], read: () => T): T => {
    try {
      return read();
    } catch (error) {
      if (error instanceof BadExpression) throw wrong(path, error.message);
      throw error;
    }
  };
  const statements = (lines: readonly string[], path: readonly PropertyKey[]): ThreadLine[] =>
    lines.map((line, i) => {
      const statement = placed([...path, i], () => parseStatement(line));
      if (statement.kind === 'call' && !functions.has(statement.fn) && !Object.hasOwn(LOCKS, statement.fn))
        throw wrong([...path, i], `${statement.fn}() is not a function of a modelled kernel`);
      return { ...statement, wrong: (what) => wrong([...path, i], what) };
    });
  if (!file.threads) {
    const alone = (['layout', 'config', 'let', 'before', 'partial'] as const).find(
      (key) => file[key] !== undefined,
    );
    if (alone) throw wrong([alone], 'is for scenarios with threads');
    return null;
  }
  if (Object.keys(file.threads).length === 0) throw wrong(['threads'], 'names no thread');
  return {
    layout: file.layout
      ? Object.entries(file.layout).map(([name, ends]) => {
          const [start, end] = ends.map((text, i) =>
            placed(['layout', name, i], () => parseExpression(text)(NOWHERE)),
          );
          if (typeof start !== 'number' || typeof end !== 'number')
            throw wrong(['layout', name], 'is not a pair of addresses');
          return { name, start, end };
        })
      : null,
    config: file.config ?? {},
    names: Object.entries(file.let ?? {}).map(([name, text]) => ({
      name,
      value: placed(['let', name], () => parseExpression(text)),
      wrong: (what) => wrong(['let', name], what),
    })),
    partial: file.partial ?? [],
    before: statements(file.before ?? [], ['before']),
    threads: Object.fromEntries(
      Object.entries(file.threads).map(([name, lines]) => [name, statements(lines, ['threads', name])]),
    ),
    wrong: (what) => wrong(['threads'], what),
  };
}
