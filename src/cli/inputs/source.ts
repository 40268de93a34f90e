import { dirname, isAbsolute, resolve } from 'node:path';
import { boot, type Model } from '../../boot/boot.ts';
import { ImpossibleMachine } from '../../errors/impossible-machine.ts';
import { InputError } from '../../errors/input-error.ts';
import type { Machine } from '../../machines/machine.ts';
import { machineOf as machineOfFiles, openAny, readHost, readMachine } from '../../machines/read.ts';
import type { Known } from '../../machines/readers/identity.ts';
import { DirTree } from '../../machines/sources/dir-tree.ts';
import type { FileTree } from '../../machines/sources/tree.ts';
import type { Release } from '../../releases/index.ts';
import type { Scenario } from '../../scenarios/format/read.ts';
import { underway } from '../progress.ts';
import { chooseRelease } from './choose-release.ts';
import { knownOf, type MachineFlags } from './machine-options.ts';
import { scenarioText } from './text-file.ts';

/** Opens what a command line names: a machine, the release to run, the booted kernel. */

/** Boots; an impossible machine is an error of its source. */
function bootNamed(machine: Machine, release: Release): Model {
  try {
    return boot(machine, release);
  } catch (error) {
    if (error instanceof ImpossibleMachine) throw new InputError(machine.source, '', error.message);
    throw error;
  }
}

/** The machine of a scenario, or of the source that it names. */
async function machineOf(scenario: Scenario, known: Known): Promise<Machine> {
  if (scenario.machine === 'host') return readHost(known);
  if (typeof scenario.machine !== 'string') return { ...scenario.machine, ...known };
  const path = scenario.machine;
  return readMachine(isAbsolute(path) ? path : resolve(dirname(scenario.file), path), known);
}

const nameOf = (source: string | Scenario | undefined): string =>
  source === undefined ? 'this host' : typeof source === 'string' ? source : source.file;

/** A machine that has booted. */
export interface Opened {
  readonly machine: Machine;
  readonly release: Release;
  readonly model: Model;
  /** What was assumed or is unknown, one line each. */
  readonly notes: readonly string[];
}

/**
 * Reads and boots the machine of a scenario, of a source, or this host: the one way in of all commands.
 * @throws InputError
 */
export async function openMachine(
  source: string | Scenario | undefined,
  flags: MachineFlags,
): Promise<Opened> {
  const known = knownOf(flags);
  const scenario = typeof source === 'object' ? source : null;
  const read = (): Promise<Machine> =>
    scenario
      ? machineOf(scenario, known)
      : source === undefined
        ? readHost(known)
        : readMachine(source as string, known);
  const machine = await underway(`reading ${nameOf(source)}`, read);
  const { release, notes } = chooseRelease(flags.release, scenario, machine, flags);
  const model = await underway(`booting the model of ${nameOf(source)}`, () => bootNamed(machine, release));
  return { machine, release, model, notes: [...model.notes, ...notes] };
}

/**
 * A machine and its release, without a boot; this host if no source is named.
 * @throws InputError
 */
export async function readNamed(
  source: string | undefined,
  flags: MachineFlags,
): Promise<Omit<Opened, 'model'>> {
  const known = knownOf(flags);
  const machine = await (source === undefined ? readHost(known) : readMachine(source, known));
  const { release, notes } = chooseRelease(flags.release, null, machine, flags);
  return { machine, release, notes: [...machine.missing, ...notes] };
}

/** A machine that has booted, with the files that it was read from. */
export interface OpenedFiles extends Opened {
  readonly tree: FileTree;
}

/**
 * The same with the files of the source; undefined for a source without files: a machine file, a scenario.
 * @throws InputError
 */
export async function openMachineFiles(
  source: string | undefined,
  flags: MachineFlags,
): Promise<OpenedFiles | undefined> {
  if (source !== undefined && scenarioText(source) !== undefined) return undefined;
  const opened =
    source === undefined
      ? { tree: new DirTree('/', 'this host') }
      : await openAny(source, { only: 'answers' });
  if (opened === undefined) return undefined;
  const machine = await underway(`reading ${nameOf(source)}`, () =>
    source === undefined ? readHost(knownOf(flags)) : machineOfFiles(opened, source, knownOf(flags)),
  );
  const { release, notes } = chooseRelease(flags.release, null, machine, flags);
  const model = await underway(`booting the model of ${nameOf(source)}`, () => bootNamed(machine, release));
  return { machine, release, model, notes: [...model.notes, ...notes], tree: opened.tree };
}
