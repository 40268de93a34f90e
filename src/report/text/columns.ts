/** A column of a table in the format of util-linux. */
export interface Column {
  readonly name: string;
  readonly right: boolean;
  /** The least width once a cell is as wide as the heading. */
  readonly hint?: number;
}

/**
 * Rows under headings. Each column is as wide as its widest cell (the heading counts, shown or not); one blank
 * separates columns. A last cell that is empty or left-aligned is not padded.
 */
export function tableLines(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  headings: boolean,
): string[] {
  const widths = columns.map((column, c) => {
    let width = 0;
    for (const row of rows) width = Math.max(width, row[c]!.length);
    if (width < column.name.length) return column.name.length;
    return Math.max(width, column.hint ?? 0);
  });
  const line = (cells: readonly string[]): string => {
    let text = '';
    for (const [c, cell] of cells.entries()) {
      const last = c === columns.length - 1;
      if (last && cell === '') break;
      if (columns[c]!.right) text += cell.padStart(widths[c]!);
      else text += last ? cell : cell.padEnd(widths[c]!);
      if (!last) text += ' ';
    }
    return text;
  };
  const lines = rows.map(line);
  if (headings) lines.unshift(line(columns.map((column) => column.name)));
  return lines;
}

/** Cells with one blank between them and no padding. */
export function rawLines(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  headings: boolean,
): string[] {
  const lines = rows.map((row) => row.join(' '));
  if (headings) lines.unshift(columns.map((column) => column.name).join(' '));
  return lines;
}

/** NAME="cell" pairs, one line per row. */
export function pairLines(columns: readonly Column[], rows: readonly (readonly string[])[]): string[] {
  return rows.map((row) => columns.map((column, c) => `${column.name}="${row[c]}"`).join(' '));
}
