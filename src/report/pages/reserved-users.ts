import { READ_IN, zoneDevice } from '../../scenarios/reserved/architectures.ts';
import { kinds, type PageKind } from '../../scenarios/reserved/kinds.ts';
import type { UnchangedUser } from '../../scenarios/reserved/users.ts';
import { type Column, tableLines } from '../text/columns.ts';

const left = (name: string): Column => ({ name, right: false });
const trimmed = (lines: readonly string[]): string[] => lines.map((line) => line.trimEnd());
const list = (all: readonly PageKind[]): string => all.join(' ') || '-';

/** Users of PG_reserved that a series leaves as they are, and the architectures with ZONE_DEVICE. */
export function reservedUsersText(users: readonly UnchangedUser[]): string {
  const rows = users.map(({ user, reason, reads, changed }) => [user, reason, list(reads), list(changed)]);
  const columns = [left('USER'), left('WHY IT NEED NOT CHANGE'), left('READS'), left('CHANGED')];
  const archs = Object.entries(zoneDevice).map(([arch, missing]) => [arch, ...missing]);
  const shown = [...new Set(users.flatMap(({ reads }) => reads))].sort();
  const lines = [
    ...trimmed(tableLines(columns, rows, true)),
    '',
    ...shown.map((kind) => `${kind}  ${kinds[kind]}`),
    '',
    ...trimmed(tableLines([left('ZONE_DEVICE'), ...READ_IN.map(left)], archs, true)),
    '',
    'An option is named that is missing, the first if there are several.',
  ];
  return `${lines.join('\n')}\n`;
}

export const reservedUsersJson = (
  base: string,
  series: string,
  users: readonly UnchangedUser[],
): unknown => ({
  schema: 'mhp-reserved-users/1',
  before: base,
  after: series,
  users,
  zone_device: Object.fromEntries(
    Object.entries(zoneDevice).map(([arch, missing]) => [
      arch,
      Object.fromEntries(READ_IN.map((release, i) => [release, missing[i]])),
    ]),
  ),
});
