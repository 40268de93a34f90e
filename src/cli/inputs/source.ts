import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { dirname, isAbsolute, resolve } from 'node:path';
import { boot, type Model } from '../../boot/boot.ts';
import { ImpossibleMachine } from '../../errors/impossible-machine.ts';
import { InputError } from '../../errors/input-error.ts';
import { codeOf, reason } from '../../errors/system-error.ts';
import type { Machine } from '../../machines/machine.ts';
import { machineOf as machineOfFiles, openAny, readHost, readMachine } from '../../machines/read.ts';
import type { Known } from '../../machines/readers/identity.ts';
import { DirTree } from '../../machines/sources/dir-tree.ts';
import { decodeText, type FileTree, NOT_TEXT } from '../../machines/sources/tree.ts';
import { isMemScenario } from '../../memmap/scenarios/mem-scenario.ts';
import type { Release } from '../../releases/index.ts';
import { parseScenario, type Scenario } from '../../scenarios/format/read.ts';
import { chooseRelease } from './choose-release.ts';
import { knownOf, type MachineFlags } from './machine-options.ts';
import type { NearestFlag } from './named-release.ts';

/** Opens what a command line names: a scenario, its machine, the release to run, the booted kernel. */

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
  const machine = await (scenario
    ? machineOf(scenario, known)
    : source === undefined
      ? readHost(known)
      : readMachine(source as string, known));
  const { release, notes } = chooseRelease(flags.release, scenario, machine, flags);
  const model = bootNamed(machine, release);
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
  const machine =
    source === undefined ? await readHost(knownOf(flags)) : machineOfFiles(opened, source, knownOf(flags));
  const { release, notes } = chooseRelease(flags.release, null, machine, flags);
  const model = bootNamed(machine, release);
  return { machine, release, model, notes: [...model.notes, ...notes], tree: opened.tree };
}

/** More than a person writes; the limit also stops reading from a device that never ends. */
const MAX_SCENARIO = 4 * 2 ** 20;

/** An open file by its name: it may be a pipe. */
const OPEN_FILE = /^\/(dev\/(stdin|fd\/\d+)|proc\/self\/fd\/\d+)$/;

/** Reading anything but a regular file might wait forever. */
function checkRegular(file: string): void {
  if (file === '') throw new InputError('', '', 'the path is empty');
  const stat = statSync(file);
  if (stat.isDirectory()) throw new InputError(file, '', 'is a directory');
  if (!stat.isFile() && !OPEN_FILE.test(file)) throw new InputError(file, '', 'is no regular file');
}

function readBounded(file: string): string {
  checkRegular(file);
  const fd = openSync(file, 'r');
  try {
    const buffer = Buffer.alloc(MAX_SCENARIO + 1);
    let length = 0;
    for (let n = -1; n !== 0 && length <= MAX_SCENARIO; length += n)
      n = readSync(fd, buffer, length, buffer.length - length, null);
    if (length > MAX_SCENARIO) throw new InputError(file, '', `is larger than ${MAX_SCENARIO} bytes`);
    return decodeText(buffer, file, '', length);
  } finally {
    closeSync(fd);
  }
}

export const readScenario = (file: string, flags: NearestFlag, text = readText(file)): Scenario =>
  parseScenario(text, file, flags);

/** The text of a file that is written by hand. @throws InputError if it cannot be read */
export function readText(file: string): string {
  try {
    return readBounded(file);
  } catch (error) {
    if (error instanceof InputError) throw error;
    const code = codeOf(error);
    if (code === undefined) throw error;
    throw new InputError(file, '', code === 'ENOENT' ? 'no such file' : `cannot be read: ${reason(code)}`);
  }
}

/** A line that only a scenario has: a machine file has none of these keys. */
const SCENARIO_KEY = /^\s*\{?\s*"?(machine|steps|threads)"?\s*:/m;

/**
 * The text of a scenario, or undefined for a source of a machine: a directory, RECORDING:STEP, an archive, the output of
 * lsmem, a machine file.
 * @throws InputError if it cannot be read
 */
export function scenarioText(file: string): string | undefined {
  if (OPEN_FILE.test(file)) return readText(file);
  const stat = statSync(file, { throwIfNoEntry: false });
  if (stat ? stat.isDirectory() || stat.size > MAX_SCENARIO : file.includes(':')) return undefined;
  let text: string;
  try {
    text = readText(file);
  } catch (error) {
    if (stat?.isFile() && error instanceof InputError && error.what === NOT_TEXT) return undefined;
    throw error;
  }
  return SCENARIO_KEY.test(text) || isMemScenario(text) ? text : undefined;
}

/** Whether a file is a scenario: its text has steps. */
export function isScenario(file: string): boolean {
  try {
    return statSync(file).isFile() && /^steps:/m.test(readBounded(file));
  } catch {
    return false;
  }
}
