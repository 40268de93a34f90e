import type { Row } from '../../check/row.ts';

/** Which functions of C took steps in the runs, and the entries in which none did. */
export function ranText(rows: readonly Row[]): string {
  const ran = new Set(rows.flatMap((row) => row.ran ?? []));
  const without = rows.filter((row) => row.verdict !== 'n/a' && row.ran?.length === 0).map(({ id }) => id);
  const lines = ['', ran.size === 0 ? 'No C ran.' : `C that took steps: ${[...ran].sort().join(', ')}`];
  if (without.length > 0) lines.push(`Entries in which no C ran: ${without.join(', ')}`);
  return `${lines.join('\n')}\n`;
}
