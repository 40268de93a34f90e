import { type Column, tableLines } from '../text/columns.ts';

/** A function of the kernel that the model has. */
export interface FunctionRow {
  readonly name: string;
  /** Names of its parameters; null if it takes any number of arguments. */
  readonly args: readonly string[] | null;
  /** Path in the kernel tree. */
  readonly file: string;
  readonly arch: readonly string[];
  /** The releases of each variant, the first and last named: "v5.2-v5.7", "v6.1+". */
  readonly variants: readonly string[];
  /** Locks and references that all of its callers hold in the scenarios of the catalogue. */
  readonly holds: readonly string[];
  /** Entries of the catalogue that call it. */
  readonly entries: readonly string[];
}

const call = ({ name, args }: FunctionRow): string => `${name}(${args === null ? '...' : args.join(', ')})`;

const COLUMNS: readonly (Column & { readonly of: (row: FunctionRow) => string })[] = [
  { name: 'FUNCTION', right: false, of: call },
  { name: 'FILE', right: false, of: ({ file }) => file },
  { name: 'ARCH', right: false, of: ({ arch }) => arch.join(',') },
  { name: 'VARIANTS', right: false, of: ({ variants }) => variants.join(', ') },
  { name: 'HOLDS', right: false, of: ({ holds }) => holds.join(',') },
  { name: 'ENTRIES', right: true, of: ({ entries }) => String(entries.length) },
];

function wholeText(row: FunctionRow): string {
  const list = (names: readonly string[]): string => names.join(' ') || '-';
  return [
    call(row),
    `  file      ${row.file}`,
    `  arch      ${row.arch.join(', ')}`,
    `  variants  ${row.variants.join(', ')}`,
    `  callers hold  ${list(row.holds)}`,
    `  called by     ${list(row.entries)}`,
    '',
  ].join('\n');
}

/** A table of functions; of a single one, all that is known. */
export function functionsText(rows: readonly FunctionRow[]): string {
  if (rows.length === 1) return wholeText(rows[0]!);
  const cells = rows.map((row) => COLUMNS.map(({ of }) => of(row)));
  return `${tableLines(COLUMNS, cells, true).join('\n')}\n`;
}

export const functionsJson = (release: string | null, rows: readonly FunctionRow[]) => ({
  schema: 'mhp-functions/1',
  release,
  functions: rows,
});
