import { type Command, Option } from 'commander';
import { InputError } from '../../errors/input-error.ts';
import { findRelease, nearestRelease, notARelease, type Release } from '../../releases/index.ts';

/** The release to run, and what was assumed about it, one line each. */
export interface ChosenRelease {
  readonly release: Release;
  readonly notes: readonly string[];
}

/** The option with which another release may stand for one that is not modelled. */
export interface NearestFlag {
  readonly nearest?: boolean;
}

/** Adds `--nearest`. */
export const nearestOption = (command: Command): Command =>
  command.addOption(
    new Option(
      '--nearest',
      'run a kernel version that is not modelled on the newest modelled release that is not newer',
    ),
  );

/** A line for a kernel that is not modelled itself and is represented by another release than that of its series. */
export const standIn = (asked: string, release: Release): string[] =>
  findRelease(asked) === release ? [] : [`${asked} is not modelled: ${release.name} is used instead`];

/**
 * The release that an option names.
 * @throws InputError for a name that is no release, with those near it
 */
export function namedRelease(option: string, name: string, { nearest = false }: NearestFlag): ChosenRelease {
  const release = nearest ? nearestRelease(name) : findRelease(name);
  if (release) return { release, notes: standIn(name, release) };
  throw new InputError(option, '', unknownRelease(name, nearest));
}

/** Which names are near, and what `--nearest` would take. */
function unknownRelease(name: string, nearest: boolean): string {
  const near = nearest ? null : nearestRelease(name);
  return `${notARelease(name)}${near ? ` (--nearest takes ${near.name})` : ''}`;
}
