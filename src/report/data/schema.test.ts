import { expect, test } from 'vitest';
import { z } from 'zod';
import { OUTPUT_SCHEMAS } from './schema.ts';

test.each(Object.entries(OUTPUT_SCHEMAS))(
  'the published %s is up to date (renew with --update)',
  async (file, schema) => {
    const text = `${JSON.stringify(z.toJSONSchema(schema), null, 2)}\n`;
    await expect(text).toMatchFileSnapshot(`../../../schemas/${file}`);
  },
);
