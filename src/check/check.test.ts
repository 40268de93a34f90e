import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { check_entry } from './check.ts';
import { read_entry } from './entry.ts';

const root = new URL('../../scenarios/', import.meta.url);
const entries = readdirSync(root, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.yaml'))
  .map((name) => [name, readFileSync(new URL(name, root), 'utf8')] as const)
  .filter(([, text]) => /^threads:/m.test(text))
  .map(([name, text]) => read_entry(text, name));

test.each(entries.map((entry) => [entry.id, entry] as const))('%s is found as named', (_, entry) => {
  const { verdict, failure } = check_entry(entry, entry.release);
  expect({ verdict, kind: failure?.kind }).toEqual({ verdict: 'found', kind: entry.failure!.kind });
  expect(failure!.text).toContain(entry.failure!.text);
});

const cures = entries.flatMap((entry) => entry.fixed.map((release) => [entry.id, release, entry] as const));

test.each(cures)('%s is cured on %s', (_, release, entry) => {
  const { verdict, failure, within } = check_entry(entry, release);
  expect({ verdict, failure, within }).toEqual({ verdict: 'clean', failure: null, within: [] });
});
