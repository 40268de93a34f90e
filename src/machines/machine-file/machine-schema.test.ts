import { expect, it } from 'vitest';
import { machineJsonSchema } from './machine-schema.ts';

// After a change of the schema: npx vitest run src/machines/machine-file/machine-schema.test.ts --update
it('schemas/machine.schema.json is up to date', async () => {
  await expect(`${JSON.stringify(machineJsonSchema(), null, 2)}\n`).toMatchFileSnapshot(
    '../../../schemas/machine.schema.json',
  );
});
