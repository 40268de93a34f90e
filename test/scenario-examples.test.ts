import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { checkEntry } from '../src/check/check-entry.ts';
import { readEntry } from '../src/check/entry.ts';
import { expectedOf } from '../src/check/row.ts';
import { toldText } from '../src/report/check/check-text.ts';

// The scenarios of examples/scenarios, on the release that each names and on those that it calls cured.

const folder = new URL('../examples/scenarios/', import.meta.url);
const files = readdirSync(folder).filter((name) => name.endsWith('.yaml'));
const readme = readFileSync(new URL('README.md', folder), 'utf8');

test('there are twelve, each with a line in the README', () => {
  expect(files).toHaveLength(12);
  for (const file of files) expect(readme).toContain(`](${file})`);
});

describe.each(files)('%s', (file) => {
  const entry = readEntry(readFileSync(new URL(file, folder), 'utf8'), file);
  test.each([entry.release, ...entry.fixed.slice(0, 1)])('%s', (release) => {
    const { verdict, told } = checkEntry(entry, release);
    expect(verdict).toBe(expectedOf(entry, release));
    if (told) expect(toldText(told)).toMatch(/\S/);
  });
});
