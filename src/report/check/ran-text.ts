import type { Row } from '../../check/row.ts';

/** Which functions of C took steps in the runs, and the entries in which none did. */
export function ranText(rows: readonly Row[]): string {
  const ran = new Set(rows.flatMap((row) => row.ran ?? []));
  const without = rows.filter((row) => row.verdict !== 'n/a' && row.ran?.length === 0).map(({ id }) => id);
  const lines = ['', ran.size === 0 ? 'No C ran.' : `C that took steps: ${[...ran].sort().join(', ')}`];
  if (without.length > 0) lines.push(`Entries in which no C ran: ${without.join(', ')}`);
  return `${lines.join('\n')}\n`;
}

/** The C functions that took steps, with the number of steps in which each was the innermost. */
export function ranStepsText(ran: ReadonlyMap<string, number>): string {
  if (ran.size === 0) return 'No C ran.\n';
  const steps = [...ran].reduce((sum, [, n]) => sum + n, 0);
  const each = [...ran].sort(([a], [b]) => (a < b ? -1 : 1)).map(([fn, n]) => `${fn} ${n}`);
  return `C: ${steps} steps in ${ran.size} functions: ${each.join(', ')}\n`;
}
