import { type Checked, type CheckVerdict, isVerdict } from './checked.ts';
import type { Entry } from './entry.ts';
import type { MachineShape } from './variation.ts';

/** The expected result: the named failure (`found`), none (`clean`), or, if the entry does not say, either (null). */
export type Expected = 'found' | 'clean' | null;

/** The result of one entry on one release, without data that only this process can hold. */
export interface Row extends Omit<Checked, 'told'> {
  readonly expected: Expected;
  /** A token with which `mhp replay` repeats the execution. */
  readonly token: string | null;
  readonly preemptions: number | null;
  /** The machine's architecture, bytes in a page, and bits of a virtual address where the entry's machine has them. */
  readonly shape: MachineShape;
  /** The story as data, if it was asked for. */
  readonly data: unknown;
  /** The story as text, if it was asked for. */
  readonly story: string | null;
  /** The story as a Chrome trace-event file, if it was asked for and there are threads. */
  readonly timeline: unknown;
  /** With --source: the functions of C that took a step. */
  readonly ran?: readonly string[];
  /** What a person should know of the scenario: calls without the locks that the kernel's callers hold. */
  readonly notes: readonly string[];
  /** Wall-clock time; it differs from run to run. */
  readonly seconds: number;
}

const isFailure = (value: unknown): boolean =>
  value === null ||
  (typeof value === 'object' &&
    ['kind', 'text'].every((name) => typeof (value as Record<string, unknown>)[name] === 'string') &&
    typeof (value as Record<string, unknown>).subjects === 'object');

/** Whether a value from a file can be the row of this run. */
export function isRow(value: object, run: Pick<Row, 'id' | 'release'> | undefined): boolean {
  const row = value as Partial<Record<keyof Row, unknown>>;
  return (
    row.id === run?.id &&
    row.release === run?.release &&
    isVerdict(row.verdict) &&
    isFailure(row.failure) &&
    [row.states, row.steps, row.seconds].every((n) => typeof n === 'number' && n >= 0) &&
    Array.isArray(row.within)
  );
}

/** The result that an entry states for a release. */
export function expectedOf(entry: Entry, release: string): Expected {
  if (entry.fixed.includes(release)) return 'clean';
  if (release !== entry.release) return null;
  return entry.failure ? 'found' : 'clean';
}

/**
 * Whether the result is the one that the entry states; undefined if it states none, or if there is no result: in another
 * geometry or layout, an entry that cannot be prepared has none.
 */
export function asExpected({
  expected,
  verdict,
  geometry,
  layout,
}: Pick<Row, 'expected' | 'verdict' | 'geometry' | 'layout'>): boolean | undefined {
  if (verdict === 'undecided') return undefined;
  if (verdict === 'n/a' && (geometry !== null || layout !== null)) return undefined;
  if (expected === null) return undefined;
  return expected === verdict;
}

const WRONG: readonly CheckVerdict[] = ['found', 'other'];

/** 0: as expected; 1: a failure that no entry names, or a named failure that does not occur; 3: a bound was reached. */
export function exitStatus(rows: readonly Row[]): 0 | 1 | 3 {
  const wrong = (row: Row): boolean =>
    row.expected === null ? WRONG.includes(row.verdict) : asExpected(row) === false;
  if (rows.some(wrong)) return 1;
  return rows.some(({ verdict }) => verdict === 'undecided') ? 3 : 0;
}
