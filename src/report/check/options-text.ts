import type { VmallocTableFate } from '../../check/neighbours.ts';
import type { Costs } from '../../check/options/measure.ts';
import { races } from '../../check/options/races.ts';
import type { Row } from '../../check/row.ts';
import { type Column, tableLines } from '../text/columns.ts';

/** The result of one design. */
export interface OptionRow {
  readonly design: string;
  readonly release: string;
  /** In the order of the races. */
  readonly races: readonly Row[];
  readonly costs: Costs;
  readonly fates: Readonly<Record<VmallocTableFate, number>>;
}

/** "breaks/1": it breaks with one preemption. */
function raceText({ verdict, preemptions }: Row): string {
  if (verdict === 'found') return `breaks/${preemptions}`;
  return { clean: 'safe', other: 'breaks', undecided: 'undecided', 'n/a': 'refused' }[verdict];
}

const FATES: readonly VmallocTableFate[] = ['freed', 'kept', 'neighbour', 'refused', 'apart'];

const HEADINGS = [
  'DESIGN',
  ...races.map(({ id }) => id),
  ...['VMALLOC', 'LOCKED', 'ADD', 'OFFLINE', 'REMOVE', 'TABLES', ...FATES.map((fate) => fate.toUpperCase())],
];

const cells = ({ design, races: came, costs, fates }: OptionRow): string[] => [
  design,
  ...came.map(raceText),
  String(costs.vmalloc.steps),
  String(costs.vmalloc.under_lock),
  ...(['add', 'offline', 'remove'] as const).map((what) => String(costs.waits[what].steps)),
  String(costs.tables_kept),
  ...FATES.map((fate) => String(fates[fate])),
];

const LEGEND = [
  ...races.map(({ id, about }) => `${id}: ${about}; breaks/N with N preemptions`),
  'B19, B19b: without patch 2 of V6, that is, what the design alone does',
  'VMALLOC, LOCKED: steps of one vmalloc(), those of them under a lock',
  'ADD, OFFLINE, REMOVE: steps of the operation on one empty block that a vmalloc() may have to wait for',
  'TABLES: table pages left of a block that was added and removed',
  'FREED…APART: real configurations of arm64 by what removal does to the smallest table that vmalloc and vmemmap share:',
  'freed for some place of boot memory; kept though empty; a neighbour has entries in it; refused: not built; apart: none',
];

/** The comparison as a table, with an explanation of its columns and how to see the stories. */
export function optionsText(rows: readonly OptionRow[]): string {
  const columns: Column[] = HEADINGS.map((name, i) => ({ name, right: i > races.length }));
  const stories = rows.flatMap(({ design, races: came }) =>
    came
      .filter(({ token }) => token !== null)
      .map(({ id, token }) => `${id} in ${design}: mhp replay ${token}`),
  );
  return [...tableLines(columns, rows.map(cells), true), '', ...LEGEND, '', ...stories]
    .map((line) => `${line}\n`)
    .join('');
}

/** The comparison as a Markdown table. */
export function optionsMarkdown(rows: readonly OptionRow[]): string {
  const line = (row: readonly string[]): string => `| ${row.join(' | ')} |`;
  const rule = HEADINGS.map((_, i) => (i > races.length ? '---:' : '---'));
  return [...[HEADINGS, rule, ...rows.map(cells)].map(line), '', ...LEGEND.map((text) => `- ${text}`)]
    .map((text) => `${text}\n`)
    .join('');
}

/** The comparison as plain data; steps are steps of the model. */
export function optionsJson(rows: readonly OptionRow[]): unknown {
  return {
    schema: 'mhp-options/1',
    designs: rows.map(({ design, release, races: came, costs, fates }) => ({
      design,
      release,
      races: came.map(({ id, release: on, verdict, failure, reason, preemptions, states, token }) => ({
        id,
        release: on,
        verdict,
        failure,
        reason,
        preemptions,
        states,
        token,
      })),
      vmalloc: costs.vmalloc,
      waits: costs.waits,
      tables_kept: costs.tables_kept,
      configurations: fates,
    })),
  };
}
