import { readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { scenarioJsonSchema } from './schema.ts';

test('the published JSON Schema is up to date (renew with --update)', async () => {
  const text = `${JSON.stringify(scenarioJsonSchema(), null, 2)}\n`;
  await expect(text).toMatchFileSnapshot('../../../schemas/scenario.schema.json');
});

test('it describes every kind of step, and every file of src/scenarios/steps is listed there', async () => {
  const schema = JSON.parse(JSON.stringify(scenarioJsonSchema()));
  const described: string[] = schema.properties.steps.items.anyOf.flatMap((s: { properties: object }) =>
    Object.keys(s.properties),
  );
  const folder = new URL('../steps/', import.meta.url);
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(
    (name) => /^[^.]+\.ts$/.test(name) && name !== 'index.ts' && !name.startsWith('common/'),
  );
  expect(files.length).toBeGreaterThan(20);
  const kinds: string[] = [];
  for (const name of files) {
    const file: Readonly<Record<string, unknown>> = await import(new URL(name, folder).href);
    const own = Object.keys(file).filter((key) => Object.hasOwn(Object(file[key]), 'schema'));
    expect(own, name).not.toEqual([]);
    kinds.push(...own);
  }
  expect(described).toEqual(kinds.sort());
  expect(described).toContain('offline_and_remove');
});
