import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { dirname, isAbsolute, resolve } from 'node:path';
import { boot, type Model } from '../../boot/boot.ts';
import { ImpossibleMachine } from '../../errors/impossible-machine.ts';
import { InputError } from '../../errors/input-error.ts';
import type { Machine } from '../../machines/machine.ts';
import { readHost, readMachine } from '../../machines/read.ts';
import { find_release, mainline, type Release } from '../../releases/index.ts';
import { parseScenario, type Scenario } from '../../scenarios/format/read.ts';

/** What a command line names, opened: a scenario, its machine, the release to run, the kernel booted. */

/** An impossible machine is an error of its source. */
export function boot_named(machine: Machine, release: Release): Model {
  try {
    return boot(machine, release);
  } catch (error) {
    if (error instanceof ImpossibleMachine) throw new InputError(machine.source, '', error.message);
    throw error;
  }
}

/** A line for a kernel that is not modelled itself: its series may be (6.1.0-56-amd64 is v6.1). */
export function stand_in(asked: string | undefined, release: Release): string[] {
  if (asked === undefined) return [];
  const series = `v${/^v?(\d+\.\d+)/.exec(asked)?.[1] ?? ''}`;
  return asked === release.name || series === release.name
    ? []
    : [`${asked} is not modelled: ${release.name} stands in for it`];
}

export function release_for(name: string | undefined, scenario: Scenario | null, machine: Machine): Release {
  if (name !== undefined) {
    const release = find_release(name);
    if (!release) throw new InputError('--release', '', `${JSON.stringify(name)} is no modelled release`);
    return release;
  }
  const found = scenario?.release ?? (machine.release === undefined ? null : find_release(machine.release));
  return found ?? mainline.at(-1)!;
}

export async function machine_of(scenario: Scenario | null, host = false): Promise<Machine> {
  if (host || scenario === null || scenario.machine === 'host') return readHost();
  if (typeof scenario.machine !== 'string') return scenario.machine;
  const path = scenario.machine;
  return readMachine(isAbsolute(path) ? path : resolve(dirname(scenario.file), path));
}

/** More than a person writes; a device that never ends is not read to its end. */
const MAX_SCENARIO = 4 * 2 ** 20;

function read_bounded(file: string): string {
  const fd = openSync(file, 'r');
  try {
    const buffer = Buffer.alloc(MAX_SCENARIO + 1);
    let length = 0;
    for (let n = -1; n !== 0 && length <= MAX_SCENARIO; length += n)
      n = readSync(fd, buffer, length, buffer.length - length, null);
    if (length > MAX_SCENARIO) throw new InputError(file, '', `is larger than ${MAX_SCENARIO} bytes`);
    return buffer.toString('utf8', 0, length);
  } finally {
    closeSync(fd);
  }
}

export const read_scenario = (file: string): Scenario => parseScenario(read_text(file), file);

/** The text of a scenario file. @throws InputError when it cannot be read */
export function read_text(file: string): string {
  try {
    return read_bounded(file);
  } catch (error) {
    if (error instanceof InputError) throw error;
    throw new InputError(
      file,
      '',
      (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'no such file' : 'cannot be read',
    );
  }
}

/** Whether a file is a scenario: its text has steps. */
export function is_scenario(file: string): boolean {
  try {
    return statSync(file).isFile() && /^steps:/m.test(read_bounded(file));
  } catch {
    return false;
  }
}
