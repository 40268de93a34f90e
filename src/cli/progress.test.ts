import { afterEach, expect, test, vi } from 'vitest';
import { underway } from './progress.ts';

const { isTTY } = process.stderr;
afterEach(() => {
  process.stderr.isTTY = isTTY;
  vi.restoreAllMocks();
});

function written(): string[] {
  const lines: string[] = [];
  vi.spyOn(process.stderr, 'write').mockImplementation((chunk) => {
    lines.push(String(chunk));
    return true;
  });
  return lines;
}

test('a terminal shows what is being done until it is done', async () => {
  const lines = written();
  process.stderr.isTTY = true;
  expect(await underway('reading this host', () => lines.length)).toBe(1);
  expect(lines).toEqual(['\r\u001b[Kreading this host …', '\r\u001b[K']);
});

test('or until it fails, and anything else shows nothing', async () => {
  const lines = written();
  process.stderr.isTTY = true;
  await expect(underway('reading', () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(lines).toHaveLength(2);
  process.stderr.isTTY = false;
  expect(await underway('reading', async () => 7)).toBe(7);
  expect(lines).toHaveLength(2);
});
