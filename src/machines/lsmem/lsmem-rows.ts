import { InputError, quote } from '../../errors/input-error.ts';

/** One line of the output of lsmem. */
export interface LsmemRow {
  /** "line 4", "memory[3]" */
  readonly place: string;
  /** By heading; empty cells are empty. */
  readonly cells: ReadonlyMap<string, string>;
}

export interface LsmemRows {
  readonly rows: readonly LsmemRow[];
  /** "128M", from the summary. */
  readonly block_size?: { readonly text: string; readonly place: string };
  /** As the parameter's file has it. */
  readonly memmap_on_memory?: string;
}

const COLUMNS = [
  ...['RANGE', 'SIZE', 'STATE', 'REMOVABLE', 'BLOCK', 'NODE', 'ZONES'],
  ...['CONFIGURED', 'MEMMAP-ON-MEMORY'],
];

/** "0x" and 16 digits, twice, and the dash between: the width of RANGE, whose heading is shorter. */
const RANGE_WIDTH = 37;

/**
 * Takes the output of lsmem apart: its table, with or without headings, its raw, pairs or JSON format, and its summary.
 * @throws InputError naming the line
 */
export function lsmemRows(text: string, file: string, place: string): LsmemRows {
  if (text.trimStart().startsWith('{')) return { rows: jsonRows(text, file, place) };
  const lines = text.split('\n').map((line) => line.replace(/\r$/, ''));
  const at = lines.findIndex((line) => isHeading(line) || /^(0x[0-9a-f]{16}-|[A-Z]+=")/.test(line));
  if (at < 0) throw new InputError(file, place, 'has no line of headings with RANGE or BLOCK');
  const from = isHeading(lines[at]!) ? at + 1 : at;
  const end = lines.findIndex((line, i) => i >= from && (line === '' || isSummary(line)));
  const body = lines.slice(from, end < 0 ? lines.length : end);
  const split = splitterOf(lines[at]!, body);
  const rows: LsmemRow[] = [];
  for (const [n, line] of body.entries()) {
    const i = from + n;
    const cells = split(line);
    if (cells === undefined)
      throw new InputError(
        file,
        [place, `line ${i + 1}`].join(' ').trim(),
        `${quote(line)} is no line of lsmem`,
      );
    rows.push({ place: `line ${i + 1}`, cells });
  }
  return { rows, ...summary(lines) };
}

/** Whether one of the first lines is one of lsmem. */
export const hasLsmemLine = (text: string): boolean =>
  text
    .slice(0, 1000)
    .split('\n', 5)
    .some((line) => isHeading(line.trimEnd()) || FIRST_LINE.test(line));

const FIRST_LINE = /^(0x[0-9a-f]{16}-0x[0-9a-f]{16} +\d|(RANGE|BLOCK)=")/;

const isHeading = (line: string): boolean => {
  const words = line.trim().split(/ +/);
  return (
    (words.includes('RANGE') || words.includes('BLOCK')) && words.every((word) => COLUMNS.includes(word))
  );
};

const isSummary = (line: string): boolean =>
  /^(Memory block size|Total o\w+ memory|Memmap on memory parameter):/.test(line);

type Split = (line: string) => Map<string, string> | undefined;

/** How to split the lines of this output into cells. */
function splitterOf(first: string, body: readonly string[]): Split {
  if (/^[A-Z-]+="/.test(first)) return pairs;
  if (!isHeading(first)) return withoutHeadings;
  // the raw format has single blanks everywhere
  const names = first.split(' ');
  const raw = [first, ...body].every((line) => line.split(' ').length === names.length);
  return raw && !names.includes('') ? rawCells(names) : tableCells(first);
}

function pairs(line: string): Map<string, string> | undefined {
  const cells = new Map<string, string>();
  for (const [, name, value] of line.matchAll(/([A-Z_-]+)="([^"]*)"/g))
    cells.set(name!.replaceAll('_', '-'), value!);
  return cells.size === 0 ? undefined : cells;
}

const rawCells =
  (names: readonly string[]): Split =>
  (line) => {
    const cells = line.split(' ');
    if (cells.length !== names.length) return undefined;
    return new Map(
      names.map((name, i) => [
        name,
        cells[i]!.replace(/\\x([0-9a-f]{2})/g, (_, hex: string) =>
          String.fromCharCode(Number.parseInt(hex, 16)),
        ),
      ]),
    );
  };

/** The default columns. */
function withoutHeadings(line: string): Map<string, string> | undefined {
  const match = /^(0x\S+) +(\S+) +(\S+)(?: +(yes|no))? +(\d+(?:-\d+)?) *$/.exec(line);
  return match
    ? new Map(['RANGE', 'SIZE', 'STATE', 'REMOVABLE', 'BLOCK'].map((name, i) => [name, match[i + 1] ?? '']))
    : undefined;
}

/** RANGE begins under its heading, all other columns end under theirs. */
function tableCells(headings: string): Split {
  const columns: { readonly name: string; readonly from: number; readonly to: number }[] = [];
  let from = 0;
  for (const heading of headings.matchAll(/\S+/g)) {
    const name = heading[0];
    const to = name === 'RANGE' ? heading.index + RANGE_WIDTH : heading.index + name.length;
    columns.push({ name, from: name === 'RANGE' ? heading.index : from, to });
    from = to;
  }
  return (line) => {
    const cells = columns.map(({ name, from: start, to }): [string, string] => [
      name,
      line.slice(start, to).trim(),
    ]);
    return cells.some(([, cell]) => cell.includes(' ')) ? undefined : new Map(cells);
  };
}

function summary(lines: readonly string[]): Omit<LsmemRows, 'rows'> {
  const value = (label: string): { readonly text: string; readonly place: string } | undefined => {
    const at = lines.findIndex((line) => line.startsWith(label));
    return at < 0 ? undefined : { text: lines[at]!.slice(label.length).trim(), place: `line ${at + 1}` };
  };
  const size = value('Memory block size:');
  const memmap = { yes: 'Y', no: 'N', force: 'force' }[value('Memmap on memory parameter:')?.text ?? ''];
  return {
    ...(size === undefined ? {} : { block_size: size }),
    ...(memmap === undefined ? {} : { memmap_on_memory: memmap }),
  };
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function memoryOf(value: unknown): readonly unknown[] | undefined {
  const memory = typeof value === 'object' && value !== null && 'memory' in value ? value.memory : undefined;
  return Array.isArray(memory) ? memory : undefined;
}

/** Whether a text is lsmem's JSON. */
export const isLsmemJson = (text: string): boolean =>
  text.trimStart().startsWith('{') && memoryOf(parsedJson(text)) !== undefined;

function jsonRows(text: string, file: string, place: string): LsmemRow[] {
  const memory = memoryOf(parsedJson(text));
  if (memory === undefined)
    throw new InputError(file, place, 'is not the JSON of lsmem: it has no list "memory"');
  return memory.map((row, i) => {
    if (typeof row !== 'object' || row === null || Array.isArray(row))
      throw new InputError(file, [place, `memory[${i}]`].join(' ').trim(), 'is no object');
    const cells = Object.entries(row).map(([name, value]): [string, string] => [
      name.toUpperCase(),
      value === null ? '' : String(value),
    ]);
    return { place: `memory[${i}]`, cells: new Map(cells) };
  });
}
