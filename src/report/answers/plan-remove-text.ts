import type { RemovePlan } from '../../answers/plan/remove.ts';
import { reasonText } from './why-text.ts';
import { plural, section, sizeOf } from './words.ts';

/** More lines of a list are counted. */
const SHOWN = 16;

const short = (lines: readonly string[]): string[] =>
  lines.length <= SHOWN ? [...lines] : [...lines.slice(0, SHOWN), `… and ${lines.length - SHOWN} more`];

export function removePlanText({
  wanted,
  possible,
  blocks,
  stays,
  migrate,
  room,
  commands,
}: RemovePlan): string {
  const lines = [
    possible >= wanted
      ? `${sizeOf(possible)} can go: ${plural(blocks.length, 'block')}.`
      : possible === 0
        ? `None of ${sizeOf(wanted)} can go.`
        : `Only ${sizeOf(possible)} of ${sizeOf(wanted)} can go: ${plural(blocks.length, 'block')}.`,
  ];
  lines.push(
    ...section(
      'take offline, in this order',
      short(
        blocks.map(({ block, offline, zone, migrate: pages, unsure }) => {
          const what = offline
            ? 'offline already'
            : pages === null
              ? 'what migrates is unknown'
              : `${plural(pages, 'page')} to migrate`;
          return `memory${block}: ${what}${zone ? `, zone ${zone}` : ''}${unsure ? ', its pages could not be seen' : ''}`;
        }),
      ),
    ),
  );
  if (migrate > 0 && room !== null)
    lines.push(
      `${sizeOf(migrate)} would migrate; ${sizeOf(room)} are free elsewhere: ${room >= migrate ? 'it fits' : 'it does not fit'}`,
    );
  lines.push(
    ...section(
      'stays',
      short(
        stays.map(
          ({ block, reason, errno }) =>
            `memory${block}: ${errno ?? ''}${reason ? `: ${reasonText(reason)}` : 'its pages find no room once the others are gone'}`,
        ),
      ),
    ),
    ...section('commands', short(commands)),
  );
  return lines.map((line) => `${line}\n`).join('');
}
