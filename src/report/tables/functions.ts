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

const code = (text: string): string => `\`${text}\``;

const MARKDOWN_HEAD = ['| function | only on | variants | callers hold | entries |', '|---|---|---|---|--:|'];

function markdownLine(row: FunctionRow): string {
  const { arch, variants, holds, entries } = row;
  const only = arch.length === 1 ? arch[0]! : '';
  const cells = [
    code(call(row)),
    only,
    variants.join(', '),
    holds.map(code).join(', '),
    String(entries.length),
  ];
  return `|${cells.map((cell) => (cell === '' ? ' ' : ` ${cell} `)).join('|')}|`;
}

/** The functions as a page of the documentation, by kernel file. */
export function functionsMarkdown(rows: readonly FunctionRow[]): string {
  const head = `# Kernel functions

The functions that the lines of a scenario call and that designs replace, by kernel file. \`mhp functions --markdown\` writes this
page; \`mhp functions NAME\` prints all that is known of one function, with the entries of the catalogue that call it.

*Variants*: the releases that have the same form of a function; a row of several changed that often. *Callers hold*: the locks and
references that its callers in the kernel hold; a scenario whose line calls it without them is noted. *Entries*: how many
entries of the catalogue call it.
`;
  const files = [...new Set(rows.map(({ file }) => file))].map((file) => {
    const lines = rows.filter((row) => row.file === file).map(markdownLine);
    return [`## ${file}`, '', ...MARKDOWN_HEAD, ...lines, ''].join('\n');
  });
  return [head, ...files].join('\n');
}

/** A name a line, for the completion of a shell or an editor. */
export const functionsNames = (rows: readonly FunctionRow[]): string =>
  [...new Set(rows.map(({ name }) => name))].map((name) => `${name}\n`).join('');

export const functionsJson = (release: string | null, rows: readonly FunctionRow[]) => ({
  schema: 'mhp-functions/1',
  release,
  functions: rows,
});
