import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { dirname, isAbsolute, resolve } from 'node:path';
import { boot, type Model } from '../../boot/boot.ts';
import { ImpossibleMachine } from '../../errors/impossible-machine.ts';
import { InputError, quote } from '../../errors/input-error.ts';
import type { Machine } from '../../machines/machine.ts';
import { readHost, readMachine } from '../../machines/read.ts';
import { codeOf, reason } from '../../machines/sources/dir-tree.ts';
import { decodeText } from '../../machines/sources/tree.ts';
import { findRelease, mainline, type Release } from '../../releases/index.ts';
import { parseScenario, type Scenario } from '../../scenarios/format/read.ts';

/** Opens what a command line names: a scenario, its machine, the release to run, the booted kernel. */

/** Boots; an impossible machine is an error of its source. */
export function bootNamed(machine: Machine, release: Release): Model {
  try {
    return boot(machine, release);
  } catch (error) {
    if (error instanceof ImpossibleMachine) throw new InputError(machine.source, '', error.message);
    throw error;
  }
}

/** A line for a kernel that is not modelled itself and is represented by its series (6.1.0-56-amd64 by v6.1). */
export function standIn(asked: string | undefined, release: Release): string[] {
  if (asked === undefined) return [];
  const series = `v${/^v?(\d+\.\d+)/.exec(asked)?.[1] ?? ''}`;
  return asked === release.name || series === release.name
    ? []
    : [`${asked} is not modelled: ${release.name} is used instead`];
}

export function releaseFor(name: string | undefined, scenario: Scenario | null, machine: Machine): Release {
  if (name !== undefined) {
    const release = findRelease(name);
    if (!release) throw new InputError('--release', '', `${quote(name)} is not a modelled release`);
    return release;
  }
  const found = scenario?.release ?? (machine.release === undefined ? null : findRelease(machine.release));
  return found ?? mainline.at(-1)!;
}

export async function machineOf(scenario: Scenario | null, host = false): Promise<Machine> {
  if (host || scenario === null || scenario.machine === 'host') return readHost();
  if (typeof scenario.machine !== 'string') return scenario.machine;
  const path = scenario.machine;
  return readMachine(isAbsolute(path) ? path : resolve(dirname(scenario.file), path));
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

export const readScenario = (file: string): Scenario => parseScenario(readText(file), file);

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

/** Whether a file is a scenario: its text has steps. */
export function isScenario(file: string): boolean {
  try {
    return statSync(file).isFile() && /^steps:/m.test(readBounded(file));
  } catch {
    return false;
  }
}
