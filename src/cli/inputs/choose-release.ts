import { configure } from '../../boot/config.ts';
import { ImpossibleMachine } from '../../errors/impossible-machine.ts';
import type { Machine } from '../../machines/machine.ts';
import { mainline, nearestRelease, type Release } from '../../releases/index.ts';
import { otherFixes } from '../../releases/other-fixes.ts';
import type { Scenario } from '../../scenarios/format/read.ts';
import { type ChosenRelease, type NearestFlag, namedRelease, standIn } from './named-release.ts';

/**
 * The release of the option, of the scenario, of the machine, or one that fits the machine. A machine's kernel that is not
 * modelled is represented by the newest release that is not newer, or by the oldest.
 * @throws InputError for an option that names no release
 */
export function chooseRelease(
  name: string | undefined,
  scenario: Scenario | null,
  machine: Machine,
  flags: NearestFlag,
): ChosenRelease {
  const { release, notes } = asked(name, scenario, machine, flags) ?? assumeRelease(machine);
  const fixes = machine.release === undefined ? [] : otherFixes(machine.release, release);
  return { release, notes: [...notes, ...fixes, ...notAsRecorded(machine, release)] };
}

function asked(
  name: string | undefined,
  scenario: Scenario | null,
  machine: Machine,
  flags: NearestFlag,
): ChosenRelease | null {
  if (name !== undefined) return namedRelease('--release', name, flags);
  if (scenario?.release)
    return { release: scenario.release, notes: standIn(scenario.release_name!, scenario.release) };
  const recorded = machine.release;
  if (recorded === undefined) return null;
  const release = nearestRelease(recorded) ?? mainline.at(-1)!;
  return { release, notes: standIn(recorded, release) };
}

/** The newest release that can have booted on the machine and have said of its blocks what the source says. */
function assumeRelease(machine: Machine): ChosenRelease {
  const newest = mainline.at(-1)!;
  const release =
    mainline.findLast((r) => boots(machine, r) && lookedFor(machine, r)) ??
    mainline.findLast((r) => boots(machine, r)) ??
    newest;
  const newer = mainline[mainline.indexOf(release) + 1];
  const why =
    newer === undefined
      ? ''
      : `: ${boots(machine, newer) ? `${newer.name} calls every block removable` : `${newer.name} has no such memory blocks`}`;
  return {
    release,
    notes: [`the kernel release is unknown, ${release.name} is assumed${why}`],
  };
}

function boots(machine: Machine, release: Release): boolean {
  try {
    configure(machine, release);
    return true;
  } catch (error) {
    if (error instanceof ImpossibleMachine) return false;
    throw error;
  }
}

/** Online blocks that the source calls not removable. */
const unremovable = (machine: Machine): number =>
  (machine.blocks ?? []).filter(({ state, removable }) => state === 'online' && removable === false).length;

/** Whether the release can have said so: from v5.4 (5.4.195) on `removable` is 1 for every block. */
const lookedFor = (machine: Machine, release: Release): boolean =>
  unremovable(machine) === 0 || removableShow(machine, release) !== removableShow(machine, mainline.at(-1)!);

const removableShow = ({ arch }: Machine, release: Release): unknown =>
  release.functions(arch).removable_show;

function notAsRecorded(machine: Machine, release: Release): string[] {
  if (lookedFor(machine, release)) return [];
  const count = unremovable(machine);
  return [
    `${count} online ${count === 1 ? 'block is' : 'blocks are'} not removable in the source: ${release.name} calls every block removable, unless built without CONFIG_MEMORY_HOTREMOVE`,
  ];
}
