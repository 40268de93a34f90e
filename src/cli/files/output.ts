import { randomUUID } from 'node:crypto';
import {
  accessSync,
  chmodSync,
  constants,
  lstatSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { InputError } from '../../errors/input-error.ts';

/** Converts an error on a file that the user named into an input error of one line. */
export function fileError(path: string, error: unknown): unknown {
  if (error instanceof InputError) return error;
  const code = (error as NodeJS.ErrnoException).code;
  if (code === undefined || !/^E[A-Z]+$/.test(code)) return error;
  const what = code === 'ENOENT' ? 'no such file or directory' : `cannot be used (${code})`;
  return new InputError(path, '', what);
}

export function onFile<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw fileError(path, error);
  }
}

/** Checks before the work that there is a file to read: reading anything else might wait forever. */
export function checkInput(path: string): void {
  const stat = onFile(path, () => statSync(path));
  if (!stat.isFile())
    throw new InputError(path, '', stat.isDirectory() ? 'is a directory' : 'is no regular file');
}

/**
 * Checks before the work that its result can be written. Returns the file to be written, whatever its names are, or
 * undefined if the path is written directly.
 */
export function checkOutput(path: string): string | undefined {
  if (path === '') throw new InputError('""', '', 'not a file name');
  return onFile(path, () => {
    const stat = statSync(path, { throwIfNoEntry: false });
    if (stat?.isDirectory() || path.endsWith('/')) throw new InputError(path, '', 'is a directory');
    if (stat !== undefined) {
      // A superuser may write everything; a file that nobody may write must still not be replaced.
      if (!(stat.mode & 0o222)) throw new InputError(path, '', 'read-only');
      accessSync(path, constants.W_OK);
      if (straight(path, stat)) return undefined;
    }
    const file = target(path);
    accessSync(dirname(file), constants.W_OK);
    return file;
  });
}

/** {@link checkOutput} for several paths, which must be different files. */
export function checkOutputs(paths: readonly (string | undefined)[]): void {
  const files = paths
    .filter((path) => path !== undefined)
    .map(checkOutput)
    .filter((path) => path !== undefined);
  const twice = files.find((path, i) => files.indexOf(path) !== i);
  if (twice !== undefined) throw new InputError(twice, '', 'is named for two outputs');
}

/** Writes a file that appears complete or not at all; devices, pipes and open files by name are written directly. */
export function saveWhole(path: string, data: Uint8Array | string): void {
  onFile(path, () => save(path, data));
}

function save(path: string, data: Uint8Array | string): void {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat !== undefined && straight(path, stat)) {
    // By path, a socket could not be opened, and a file would be opened with its own position.
    if (path === '/dev/stdout') process.stdout.write(data);
    else writeFileSync(path, data, { flag: 'a' });
    return;
  }
  const file = target(path);
  const part = join(dirname(file), `.mhp-${randomUUID()}.part`);
  try {
    writeFileSync(part, data, { flag: 'wx' });
    if (stat !== undefined) chmodSync(part, stat.mode & 0o7777);
    renameSync(part, file);
  } catch (error) {
    rmSync(part, { force: true });
    throw error;
  }
}

/**
 * Whether the path is written directly. /dev/stdout may be a regular file: one that is open, and must not be replaced.
 */
function straight(path: string, stat: Stats): boolean {
  return !stat.isFile() || /^\/(dev|proc)\//.test(resolve(path));
}

/** The target of symbolic links, even if it does not exist yet. */
function target(path: string): string {
  let file = path;
  for (let links = 0; links < MAX_LINKS; links++) {
    file = join(realpathSync(dirname(file)), basename(file));
    if (!lstatSync(file, { throwIfNoEntry: false })?.isSymbolicLink()) return file;
    file = resolve(dirname(file), readlinkSync(file));
  }
  throw new InputError(path, '', 'cannot be used (ELOOP)');
}

/** The same limit as in Linux. */
const MAX_LINKS = 40;
