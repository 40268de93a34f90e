import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { InputError } from '../../errors/input-error.ts';
import { codeOf, reason } from '../../errors/system-error.ts';
import { decodeText, NOT_TEXT } from '../../machines/sources/tree.ts';
import { isMemScenario } from '../../memmap/scenarios/is-mem-scenario.ts';

/** Files that are written by hand: their text, and whether it is that of a scenario. */

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
