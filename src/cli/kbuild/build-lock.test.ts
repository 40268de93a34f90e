import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { locked } from './build-lock.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mhp-lock-'));
});
afterEach(() => rmSync(folder, { recursive: true }));
const lock = (): string => join(folder, 'lock');

test('one at a time; the lock goes with its holder, after a failure as well', async () => {
  await locked(folder, async () => {
    await expect(locked(folder, async () => 1)).rejects.toThrow(
      `mhp ir: process ${process.pid} prepares the same tree: try again when it has ended`,
    );
    expect(existsSync(lock())).toBe(true);
  });
  await expect(locked(folder, () => Promise.reject(new Error('stopped')))).rejects.toThrow('stopped');
  expect(existsSync(lock())).toBe(false);
});

test('the lock of a process that has ended is taken over', async () => {
  // above the largest process id of Linux (PID_MAX_LIMIT)
  writeFileSync(lock(), String(2 ** 22 + 1));
  expect(await locked(folder, async () => 1)).toBe(1);
});
