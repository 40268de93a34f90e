import { expect, test } from 'vitest';
import { memScenarioJsonSchema } from './mem-schema.ts';

test('the published JSON Schema is up to date (renew with --update)', async () => {
  const text = `${JSON.stringify(memScenarioJsonSchema(), null, 2)}\n`;
  await expect(text).toMatchFileSnapshot('../../../schemas/memmap-scenario.schema.json');
});
