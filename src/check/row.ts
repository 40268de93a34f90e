import { type Checked, type CheckVerdict, isVerdict } from './checked.ts';
import type { Entry } from './entry.ts';

/** What should come of it: the failure named, none, or, where the entry does not say, either. */
export type Expected = 'found' | 'clean' | null;

/** One entry on one release, without what only this process could hold. */
export interface Row extends Omit<Checked, 'told'> {
  readonly expected: Expected;
  /** The execution again, for `mhp replay`. */
  readonly token: string | null;
  readonly preemptions: number | null;
  /** How it came about, as text; only where it was asked for. */
  readonly story: string | null;
  /** The story as a Chrome trace-event file; only where it was asked for, and there are threads. */
  readonly timeline: unknown;
  /** By the clock: no two runs agree. */
  readonly seconds: number;
}

const isFailure = (value: unknown): boolean =>
  value === null ||
  (typeof value === 'object' &&
    ['kind', 'text'].every((name) => typeof (value as Record<string, unknown>)[name] === 'string') &&
    typeof (value as Record<string, unknown>).subjects === 'object');

/** Whether a value from a file can be the row of such a run. */
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

/** What an entry says of a release. */
export function expectedOf(entry: Entry, release: string): Expected {
  if (entry.fixed.includes(release)) return 'clean';
  if (release !== entry.release) return null;
  return entry.failure ? 'found' : 'clean';
}

/** Whether it came out as the entry says; undefined where it says nothing, or nothing can be said. */
export function asExpected({ expected, verdict }: Pick<Row, 'expected' | 'verdict'>): boolean | undefined {
  if (verdict === 'undecided') return undefined;
  if (expected === null) return undefined;
  return expected === verdict;
}

const WRONG: readonly CheckVerdict[] = ['found', 'other'];

/** 0 as expected, 1 a failure nobody named or a named one that does not show, 3 a bound was reached. */
export function exitStatus(rows: readonly Row[]): 0 | 1 | 3 {
  const wrong = (row: Row): boolean =>
    row.expected === null ? WRONG.includes(row.verdict) : asExpected(row) === false;
  if (rows.some(wrong)) return 1;
  return rows.some(({ verdict }) => verdict === 'undecided') ? 3 : 0;
}
