import { configure } from '../../boot/config.ts';
import { ImpossibleMachine } from '../../errors/impossible-machine.ts';
import { InputError, quote } from '../../errors/input-error.ts';
import type { Machine } from '../../machines/machine.ts';
import { findRelease, mainline, type Release } from '../../releases/index.ts';
import type { Scenario } from '../../scenarios/format/read.ts';

/** The release to run, and what was assumed about it, one line each. */
export interface ChosenRelease {
  readonly release: Release;
  readonly notes: readonly string[];
}

/** A line for a kernel that is not modelled itself and is represented by its series (6.1.0-56-amd64 by v6.1). */
export function standIn(asked: string | undefined, release: Release): string[] {
  if (asked === undefined) return [];
  const series = `v${/^v?(\d+\.\d+)/.exec(asked)?.[1] ?? ''}`;
  return asked === release.name || series === release.name
    ? []
    : [`${asked} is not modelled: ${release.name} is used instead`];
}

/**
 * The release of the option, of the scenario, of the machine, or one that fits the machine.
 * @throws InputError for a name that is no release
 */
export function chooseRelease(
  name: string | undefined,
  scenario: Scenario | null,
  machine: Machine,
): ChosenRelease {
  if (name !== undefined) {
    const release = findRelease(name);
    if (!release) throw new InputError('--release', '', `${quote(name)} is not a modelled release`);
    return { release, notes: [...standIn(name, release), ...notAsRecorded(machine, release)] };
  }
  if (scenario?.release) {
    const { release } = scenario;
    return {
      release,
      notes: [...standIn(scenario.release_name, release), ...notAsRecorded(machine, release)],
    };
  }
  const recorded = machine.release;
  if (recorded === undefined) return assumeRelease(machine);
  const release = findRelease(recorded) ?? (isOld(recorded) ? mainline[0]! : mainline.at(-1)!);
  return { release, notes: [...standIn(recorded, release), ...notAsRecorded(machine, release)] };
}

/** Whether a kernel is older than all modelled releases. */
function isOld(text: string): boolean {
  const [, major, minor] = /^v?(\d+)\.(\d+)/.exec(text) ?? [];
  const [, first, second] = /^v(\d+)\.(\d+)/.exec(mainline[0]!.name)!;
  return Number(major) < Number(first) || (major === first && Number(minor) < Number(second));
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
    notes: [
      `the kernel release is unknown, ${release.name} is assumed${why}`,
      ...notAsRecorded(machine, release),
    ],
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

/** Whether the release can have said so: from v5.7 on `removable` is 1 for every block. */
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
