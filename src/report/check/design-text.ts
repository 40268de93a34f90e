import type { Checked } from '../../check/checked.ts';
import type { DesignVerdict } from '../../check/design/check-design.ts';
import { type Column, tableLines } from '../text/columns.ts';

/** The results of a scenario that calls functions replaced by a design: on the base, and on the design. */
export interface DesignRow {
  readonly id: string;
  readonly title: string;
  /** The replaced functions that it calls; none if it did not end on the base, which leaves them unknown. */
  readonly calls: readonly string[];
  readonly base: Pick<Checked, 'verdict' | 'failure' | 'reason' | 'states'>;
  readonly design: {
    readonly verdict: DesignVerdict;
    readonly failure: Checked['failure'];
    readonly reason: string | null;
    readonly within: Checked['within'];
    readonly states: number;
    readonly steps: number;
    readonly story: string | null;
  };
}

export interface DesignReport {
  readonly file: string;
  readonly name: string;
  readonly base: string;
  readonly about: string;
  readonly replaced: readonly string[];
  /** The number of scenarios from which these were chosen. */
  readonly scenarios: number;
  /** How many of them were run; fewer than all after an interruption. */
  readonly ended: number;
  readonly rows: readonly DesignRow[];
}

const columns = (base: string, design: string): Column[] => [
  { name: 'ID', right: false },
  { name: base, right: false },
  { name: design, right: false },
  { name: 'TITLE', right: false },
];

const WRONG: readonly DesignVerdict[] = ['broken', 'uncured', 'stopped', 'undecided'];
const BROKEN: readonly DesignVerdict[] = ['broken', 'uncured'];

const baseText = ({ verdict }: DesignRow['base']): string =>
  verdict === 'found' || verdict === 'other' ? 'broken' : verdict;

/** Whether it did not end on the base. */
const unknown = ({ calls }: DesignRow): boolean => calls.length === 0;

function why(row: DesignRow, on: string): string {
  const { design, base } = row;
  if (unknown(row)) return `${on}: ${base.reason}`;
  const { failure, reason } = design;
  const what = failure ? `${failure.kind}: ${failure.text}` : (reason ?? '');
  if (design.verdict === 'stopped') return `design: ${what}`;
  if (design.verdict === 'undecided') return `the bound on ${what} was reached`;
  const had = base.failure ? `${base.failure.kind}: ${base.failure.text}` : '';
  return design.verdict === 'broken' && had !== '' ? `${what} (it was ${had})` : what;
}

const plural = (n: number, one: string): string => `${n} ${n === 1 ? one : `${one}s`}`;

/** One line per scenario, the reasons for failures, and the stories if requested. */
export function designText(report: DesignReport, stories: boolean): string {
  const { name, base, replaced, rows, scenarios, ended } = report;
  const lines = [`${name}: ${base} with its own ${replaced.join(', ')}`];
  const touched = new Set(rows.flatMap(({ calls }) => calls));
  const known = ended === scenarios && !rows.some(unknown);
  for (const fn of replaced.filter((one) => known && !touched.has(one)))
    lines.push(`note: on ${base} none of the scenarios calls ${fn}`);
  lines.push('');
  if (rows.length > 0)
    lines.push(
      ...tableLines(
        columns(base, name),
        rows.map((row) => [
          row.id,
          baseText(row.base),
          row.design.within.length > 0 ? `${row.design.verdict} within bounds` : row.design.verdict,
          row.title,
        ]),
        true,
      ).map((line) => line.trimEnd()),
      '',
    );
  const wrong = rows.filter(({ design }) => WRONG.includes(design.verdict));
  for (const row of wrong) lines.push(`${row.id} ${row.design.verdict}: ${why(row, base)}`);
  const told = wrong.filter(({ design }) => design.story !== null);
  if (stories) for (const { id, design } of told) lines.push('', `${id}:`, design.story!.trimEnd());
  if (wrong.length > 0) lines.push('');
  lines.push(summary(report));
  return `${lines.join('\n')}\n`;
}

function summary({ base, rows, scenarios, ended }: DesignReport): string {
  const calling = rows.filter((row) => !unknown(row));
  const open = rows.length - calling.length;
  const counts = new Map<DesignVerdict, number>();
  for (const { design } of calling) counts.set(design.verdict, (counts.get(design.verdict) ?? 0) + 1);
  const parts = [...counts].map(([verdict, n]) => `${n} ${verdict}`);
  const run = ended < scenarios ? `${ended} of ${plural(scenarios, 'scenario')} were run: ` : '';
  const head = `${run}${calling.length} of ${plural(ended, 'scenario')} ${calling.length === 1 ? 'calls' : 'call'} what it replaces`;
  const told = parts.length > 0 ? `${head}: ${parts.join(', ')}` : head;
  return open > 0 ? `${told}; ${open} not decided on ${base}` : told;
}

/**
 * 2: a run was stopped; 1: a failure that the base or a fixed release does not have; 3: a bound was reached; 0
 * otherwise.
 */
export function designStatus(rows: readonly DesignRow[]): 0 | 1 | 2 | 3 {
  const some = (verdicts: readonly DesignVerdict[]): boolean =>
    rows.some(({ design }) => verdicts.includes(design.verdict));
  if (some(['stopped'])) return 2;
  if (some(BROKEN)) return 1;
  return some(['undecided']) ? 3 : 0;
}

/** The report as plain data. */
export function designJson({
  file,
  name,
  base,
  about,
  replaced,
  scenarios,
  ended,
  rows,
}: DesignReport): unknown {
  return {
    schema: 'mhp-check-design/1',
    file,
    design: name,
    base,
    about,
    replaced,
    scenarios,
    ended,
    results: rows.map(({ id, title, calls, base: onBase, design }) => ({
      id,
      title,
      calls,
      base: { verdict: onBase.verdict, failure: onBase.failure },
      ...design,
    })),
  };
}
