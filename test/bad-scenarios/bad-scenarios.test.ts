import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { checkEntry } from '../../src/check/check-entry.ts';
import { readEntry } from '../../src/check/entry.ts';
import { UserError } from '../../src/errors/user-error.ts';

/*
 * Scenario files with faults, and the line that mhp check answers: every fault of a file with its place, as far as the
 * others let it be seen. answers.txt has the lines.
 */

const folder = new URL('./', import.meta.url).pathname;
const files = readdirSync(folder).filter((name) => name.endsWith('.yaml'));

function answer(file: string): string {
  try {
    const entry = readEntry(readFileSync(folder + file, 'utf8'), file, { own: true });
    const { verdict, failure, reason } = checkEntry(entry, entry.release);
    return `${verdict}: ${failure?.text ?? reason}`;
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return error.message;
  }
}

test('a file with faults is answered in one line, which names the file and their places', async () => {
  const answers = files.sort().map((file) => [file, answer(file)] as const);
  expect(answers.filter(([, said]) => said.includes('\n'))).toEqual([]);
  const text = answers.map(([file, said]) => `${file}\n  ${said}\n`).join('');
  await expect(text).toMatchFileSnapshot('answers.txt');
});

test('there are sixty', () => {
  expect(files.length).toBeGreaterThanOrEqual(60);
});
