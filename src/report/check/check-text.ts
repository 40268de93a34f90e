import type { Told } from '../../check/checked.ts';
import type { Entry } from '../../check/entry.ts';
import type { Row } from '../../check/row.ts';
import { asExpected } from '../../check/row.ts';
import { memStepText } from '../../memmap/report/mem-text.ts';
import { stepText } from '../run/scenario.ts';
import { storyText, storyWhy } from '../story/text.ts';
import { type Column, tableLines } from '../text/columns.ts';

const plain = (text: string): string => text;

/** How the result came about, in lines. */
export function toldText(told: Told): string {
  if (told.kind === 'threads') return storyText(told.story);
  const lines =
    told.kind === 'steps'
      ? told.outcomes.map((outcome) => stepText(outcome, plain))
      : told.outcomes.map((outcome) => memStepText(outcome, plain));
  return lines.join('');
}

/**
 * The reason for a failure, without the steps before it: for threads the text of whyText, for steps the one that fails.
 */
export function whyText(told: Told): string {
  if (told.kind === 'threads') return storyWhy(told.story);
  const lines =
    told.kind === 'steps'
      ? told.outcomes.filter(({ failures }) => failures.length > 0).map((outcome) => stepText(outcome, plain))
      : told.outcomes
          .filter(({ failures }) => failures.length > 0)
          .map((outcome) => memStepText(outcome, plain));
  return lines.join('');
}

const COLUMNS: readonly Column[] = [
  { name: 'ID', right: false },
  { name: 'RELEASE', right: false },
  { name: 'VERDICT', right: false },
  { name: 'FIXED', right: false },
  { name: 'VERDICT', right: false },
  { name: 'STATES', right: true },
  { name: 'TIME', right: true },
  { name: 'TITLE', right: false },
];

const timeText = (seconds: number): string => `${seconds.toFixed(seconds < 10 ? 2 : 1)}s`;

const total = (rows: readonly Row[], of: (row: Row) => number): number =>
  rows.reduce((sum, row) => sum + of(row), 0);

/** One verdict if all rows have the same, else each different verdict with its release. */
function verdicts(rows: readonly Row[]): string {
  const kinds = new Set(rows.map(({ verdict }) => verdict));
  if (kinds.size <= 1) return [...kinds][0] ?? '-';
  return rows.map(({ release, verdict }) => `${release} ${verdict}`).join(', ');
}

/** One line per entry: where its failure occurs and where it is fixed. */
export function catalogueTable(entries: readonly Entry[], rows: readonly Row[]): string {
  const lines = entries.map((entry) => {
    const own = rows.filter(({ id }) => id === entry.id);
    const failing = own.filter(({ expected }) => expected !== 'clean' || !entry.failure);
    const cured = own.filter((row) => !failing.includes(row));
    return [
      entry.id,
      failing.map(({ release }) => release).join(' ') || '-',
      verdicts(failing),
      cured.map(({ release }) => release).join(' ') || '-',
      verdicts(cured),
      String(total(own, ({ states }) => states)),
      timeText(total(own, ({ seconds }) => seconds)),
      entry.title,
    ];
  });
  return tableLines(COLUMNS, lines, true)
    .map((line) => `${line.trimEnd()}\n`)
    .join('');
}

const VARIED: readonly Column[] = [
  { name: 'ID', right: false },
  { name: 'RELEASE', right: false },
  { name: 'GEOMETRY', right: false },
  { name: 'LAYOUT', right: false },
  { name: 'VERDICT', right: false },
  { name: 'STATES', right: true },
  { name: 'TIME', right: true },
  { name: 'FAILURE', right: false },
];

/** One line per run. */
export function variedTable(rows: readonly Row[]): string {
  const lines = rows.map((row) => [
    row.id,
    row.release,
    row.geometry ?? '-',
    row.layout ?? '-',
    row.verdict,
    String(row.states),
    timeText(row.seconds),
    what(row),
  ]);
  return tableLines(VARIED, lines, true)
    .map((line) => `${line.trimEnd()}\n`)
    .join('');
}

const what = ({ failure, reason }: Row): string =>
  failure ? `${failure.kind}: ${failure.text}` : (reason ?? '');

/** The reason for a verdict, in one line. */
function headline(row: Row): string {
  const told = what(row);
  const unexpected = asExpected(row) === false ? ` (${row.expected} was expected)` : '';
  const bounds = row.within.filter((one) => one !== 'runs');
  const bound = bounds.length > 0 ? ` within the bound on ${bounds.join(' and ')}` : '';
  const runs = row.within.includes('runs') ? ' with runs of entries changed in one step' : '';
  const counts = [
    ...(row.preemptions === null
      ? []
      : [`${row.preemptions} ${row.preemptions === 1 ? 'preemption' : 'preemptions'}`]),
    ...(row.states > 0 ? [`${row.states} states`] : []),
  ];
  const size = counts.length > 0 ? ` (${counts.join(', ')})` : '';
  return `${row.release}: ${row.verdict}${bound}${runs}${unexpected}${told ? `, ${told}` : ''}${size}`;
}

/** An entry with its result on each release, and the stories. */
export function entryText(entry: Entry, rows: readonly Row[], brief = false): string {
  const lines = [`${entry.id}  ${entry.title}`.trimEnd()];
  if (entry.why && !brief) lines.push(`    ${entry.why}`);
  const notes = new Set(rows.flatMap((row) => row.notes));
  if (notes.size > 0 && !brief) lines.push('', ...[...notes].map((note) => `note: ${note}`));
  for (const row of rows) {
    lines.push('', headline(row));
    if (row.story && row.verdict !== 'clean') {
      lines.push(row.story.trimEnd());
      if (row.token) lines.push('', `mhp replay ${row.ran ? '--source BUNDLE ' : ''}${row.token}`);
    }
  }
  return `${lines.join('\n')}\n`;
}

/** The counts of a whole run, in one line. */
export function summaryText(rows: readonly Row[]): string {
  const judged = rows.filter(({ expected }) => expected !== null);
  const counts = {
    found: rows.filter(({ verdict }) => verdict === 'found').length,
    clean: rows.filter(({ verdict }) => verdict === 'clean').length,
    other: rows.filter(({ verdict }) => verdict === 'other').length,
    undecided: rows.filter(({ verdict }) => verdict === 'undecided').length,
    'n/a': rows.filter(({ verdict }) => verdict === 'n/a').length,
  };
  const kinds = Object.entries(counts).filter(([, n]) => n > 0);
  const unnamed = rows.filter(
    ({ expected, verdict }) => expected === null && (verdict === 'found' || verdict === 'other'),
  ).length;
  const wrong = judged.filter((row) => asExpected(row) === false).length;
  return `${rows.length} runs: ${kinds.map(([kind, n]) => `${n} ${kind}`).join(', ')}; ${wrong} not as expected${unnamed > 0 ? `; failures where nothing is said: ${unnamed}` : ''}\n`;
}

/** Rows as plain data, with what their entries say. */
export function checkJson(entries: readonly Entry[], rows: readonly Row[]): unknown {
  return {
    schema: 'mhp-check/2',
    entries: entries.map(({ id, title, why, file, kind, release, fixed, failure }) => ({
      id,
      title,
      why,
      file,
      kind,
      release,
      fixed,
      failure,
    })),
    results: rows.map((row) => ({
      id: row.id,
      release: row.release,
      geometry: row.geometry,
      layout: row.layout,
      ...row.shape,
      verdict: row.verdict,
      expected: row.expected,
      failure: row.failure,
      reason: row.reason,
      within: row.within,
      states: row.states,
      steps: row.steps,
      preemptions: row.preemptions,
      notes: row.notes,
      token: row.token,
      text: row.story,
      story: row.data,
    })),
  };
}
