import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { InputError } from '../../errors/input-error.ts';

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Creates the lock with this process's id; false if it is there. */
function taken(lock: string): boolean {
  try {
    const file = openSync(lock, 'wx');
    writeSync(file, String(process.pid));
    closeSync(file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/**
 * Runs what only one process may do in a folder at a time. The lock of a process that has ended is taken over.
 * @throws InputError while another process has it
 */
export async function locked<T>(folder: string, run: () => Promise<T>): Promise<T> {
  mkdirSync(folder, { recursive: true });
  const lock = join(folder, 'lock');
  if (!taken(lock)) {
    const pid = Number(readFileSync(lock, 'utf8'));
    if (pid > 0 && isRunning(pid))
      throw new InputError(
        'mhp ir',
        '',
        `process ${pid} prepares the same tree: try again when it has ended`,
      );
    rmSync(lock, { force: true });
    if (!taken(lock)) throw new InputError('mhp ir', '', 'another process prepares the same tree');
  }
  try {
    return await run();
  } finally {
    rmSync(lock, { force: true });
  }
}
