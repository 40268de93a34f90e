import type { DesignVerdict } from '../../check/design/check-design.ts';
import { type Column, tableLines } from '../text/columns.ts';
import type { DesignRow, DesignRun } from './design-row.ts';
import { changesOf, changeText } from './series-changes.ts';

export interface ReportedDesign {
  readonly name: string;
  readonly about: string;
  readonly replaced: readonly string[];
}

export interface DesignReport {
  readonly files: readonly string[];
  /** The release that the first design is on. */
  readonly base: string;
  /** In order, each on the one before it. */
  readonly designs: readonly ReportedDesign[];
  /** The number of scenarios from which these were chosen. */
  readonly scenarios: number;
  /** How many of them were run; fewer than all after an interruption. */
  readonly ended: number;
  readonly rows: readonly DesignRow[];
}

const columns = (...results: readonly string[]): Column[] =>
  ['ID', ...results, 'TITLE'].map((name) => ({ name, right: false }));

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

const runText = ({ verdict, within }: DesignRun): string =>
  within.length > 0 ? `${verdict} within bounds` : verdict;

/** The files as they are given to a command. */
const designOptions = (files: readonly string[]): string =>
  files
    .map((file) => ` --design ${/^[\w./+-]+$/.test(file) ? file : `'${file.replaceAll("'", `'\\''`)}'`}`)
    .join('');

/** One line per scenario, the reasons for failures, and the stories if requested, with the tokens of their executions. */
export function designText(report: DesignReport, stories: boolean): string {
  const { base, designs, rows, scenarios, ended } = report;
  const lines = [designs.length > 1 ? `series on ${base}:` : ''].filter((line) => line !== '');
  for (const [i, { name, replaced }] of designs.entries())
    lines.push(`${name}: ${i === 0 ? base : designs[i - 1]!.name} with its own ${replaced.join(', ')}`);
  const touched = new Set(rows.flatMap(({ calls }) => calls));
  const known = ended === scenarios && !rows.some(unknown);
  const all = [...new Set(designs.flatMap(({ replaced }) => replaced))];
  for (const fn of all.filter((one) => known && !touched.has(one)))
    lines.push(`note: on ${base} none of the scenarios calls ${fn}`);
  lines.push('');
  if (rows.length > 0)
    lines.push(
      ...tableLines(
        columns(base, ...designs.map(({ name }) => name)),
        rows.map((row) => [row.id, baseText(row.base), ...row.runs.map(runText), row.title]),
        true,
      ).map((line) => line.trimEnd()),
      '',
    );
  if (designs.length > 1) lines.push(...changeLines(report));
  const wrong = rows.filter(({ design }) => WRONG.includes(design.verdict));
  for (const row of wrong) {
    lines.push(`${row.id} ${row.design.verdict}: ${why(row, base)}`);
    if (stories && row.design.token !== null)
      lines.push(`    mhp replay${designOptions(report.files)} ${row.design.token}`);
  }
  const withStory = wrong.filter(({ design }) => design.story !== null);
  if (stories) for (const { id, design } of withStory) lines.push('', `${id}:`, design.story!.trimEnd());
  if (wrong.length > 0) lines.push('');
  lines.push(summary(report));
  return `${lines.join('\n')}\n`;
}

/** What each design of a series mends or breaks, by scenario. */
function changeLines({ rows, designs }: DesignReport): string[] {
  const names = designs.map(({ name }) => name);
  const lines = rows.flatMap((row) =>
    changesOf(row, names).map((change) => `${row.id}: ${changeText(change)}`),
  );
  return lines.length > 0 ? [...lines, ''] : [];
}

function summary({ base, designs, rows, scenarios, ended }: DesignReport): string {
  const calling = rows.filter((row) => !unknown(row));
  const open = rows.length - calling.length;
  const counts = new Map<DesignVerdict, number>();
  for (const { design } of calling) counts.set(design.verdict, (counts.get(design.verdict) ?? 0) + 1);
  const parts = [...counts].map(([verdict, n]) => `${n} ${verdict}`);
  const run = ended < scenarios ? `${ended} of ${plural(scenarios, 'scenario')} were run: ` : '';
  const what = designs.length > 1 ? 'what they replace' : 'what it replaces';
  const head = `${run}${calling.length} of ${plural(ended, 'scenario')} ${calling.length === 1 ? 'calls' : 'call'} ${what}`;
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
export function designJson({ files, base, designs, scenarios, ended, rows }: DesignReport): unknown {
  const names = designs.map(({ name }) => name);
  const series = designs.map((design, i) => ({ file: files[i], ...design }));
  return {
    schema: 'mhp-check-design/1',
    file: files.at(-1),
    design: names.at(-1),
    base,
    about: designs.at(-1)!.about,
    replaced: [...new Set(designs.flatMap(({ replaced }) => replaced))],
    ...(series.length > 1 ? { series } : {}),
    scenarios,
    ended,
    results: rows.map((row) => ({
      id: row.id,
      title: row.title,
      calls: row.calls,
      base: { verdict: row.base.verdict, failure: row.base.failure },
      ...row.design,
      ...(series.length > 1
        ? {
            series: row.runs.map((run, i) => ({ design: names[i], ...run })),
            changes: changesOf(row, names),
          }
        : {}),
    })),
  };
}
