import type { Command } from 'commander';
import { quote } from '../../errors/input-error.ts';
import { currentName } from '../../releases/former-names.ts';
import { type Release, releases } from '../../releases/index.ts';
import { reservedJson, reservedText } from '../../report/pages/reserved.ts';
import { compare } from '../../scenarios/reserved/matrix.ts';

interface Flags {
  readonly release: string;
  readonly json?: boolean;
}

/**
 * Defines `mhp reserved`: the decisions of users of PG_reserved for each kind of page, before and after the RFC that
 * removes it from hot-added pages.
 */
export function define(command: Command): void {
  command
    .option(
      '--release <names>',
      'releases or series, comma-separated; the others are compared with the first',
      'pg-reserved-base,pg-reserved,pg-reserved-v1,pg-reserved-unconverted',
    )
    .option('--json', 'print JSON');
  command.action(({ release, json }: Flags) => {
    const chosen = release.split(',').map((name): Release => {
      const found = releases.get(currentName(name.trim()));
      if (found) return found;
      const what = `mhp: --release ${quote(name)} is not one of ${[...releases.keys()].join(', ')}`;
      return command.error(what, { exitCode: 2, code: 'mhp.usage' });
    });
    const comparisons = compare(chosen);
    process.stdout.write(
      json ? `${JSON.stringify(reservedJson(comparisons), null, 2)}\n` : reservedText(comparisons),
    );
  });
}
