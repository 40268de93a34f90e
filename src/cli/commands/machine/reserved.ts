import type { Command } from 'commander';
import { reservedJson, reservedText } from '../../../report/pages/reserved.ts';
import { compare } from '../../../scenarios/reserved/matrix.ts';
import { type NearestFlag, namedRelease, nearestOption } from '../../inputs/named-release.ts';
import { printNotes } from '../../inputs/notes.ts';
import { list } from '../../option-values.ts';

interface Flags extends NearestFlag {
  readonly release: string;
  readonly users?: boolean;
  readonly json?: boolean;
}

/**
 * Defines `mhp reserved`: the decisions of users of PG_reserved for each kind of page, before and after the RFC that
 * removes it from hot-added pages.
 */
export function define(command: Command): void {
  nearestOption(command)
    .option(
      '--release <names>',
      'releases or series, comma-separated; the others are compared with the first',
      'pg-reserved-base,pg-reserved,pg-reserved-v1,pg-reserved-unconverted',
    )
    .option(
      '--users',
      'list the users that the second of the releases leaves as they are, and why they may stay',
    )
    .option('--json', 'print JSON');
  command.action(async ({ release: names, users, json, ...flags }: Flags) => {
    const named = list(names).map((name) => namedRelease('--release', name, flags));
    printNotes(named.flatMap(({ notes }) => notes));
    const chosen = named.map(({ release }) => release);
    if (users) {
      const [base, series] = chosen;
      if (!base || !series) {
        const what = 'mhp: --users compares two releases: name both with --release';
        return command.error(what, { exitCode: 2, code: 'mhp.usage' });
      }
      const { unchangedUsers } = await import('../../../scenarios/reserved/users.ts');
      const report = await import('../../../report/pages/reserved-users.ts');
      const found = unchangedUsers(base, series);
      process.stdout.write(
        json
          ? `${JSON.stringify(report.reservedUsersJson(base.name, series.name, found), null, 2)}\n`
          : report.reservedUsersText(found),
      );
      return;
    }
    const comparisons = compare(chosen);
    process.stdout.write(
      json ? `${JSON.stringify(reservedJson(comparisons), null, 2)}\n` : reservedText(comparisons),
    );
  });
}
