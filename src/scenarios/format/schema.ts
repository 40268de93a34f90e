import { z } from 'zod';
import { machineFileSchema } from '../../machines/machine-file/machine-schema.ts';
import { failureSchema } from '../../steps/failure-schema.ts';
import { interleavedSchema } from '../interleaved/schema.ts';
import { stepSchema } from './step-schema.ts';

/** The scenario format: a machine, a release, steps, and what is expected of them. */

const word = z.string().min(1).max(256);

export const scenarioSchema = z
  .strictObject({
    schema: z.literal('mhp-scenario/1').optional(),
    id: word.optional(),
    title: word.optional(),
    /** The description of a machine is validated separately, so that an error names its place. */
    machine: z.union([word, z.record(z.string(), z.unknown())], {
      error: 'is not a machine: the path of one, or what a machine file says',
    }),
    release: word
      .optional()
      .meta({ description: 'A modelled release; the one nearest to the machine by default' }),
    fixed: z.array(word).optional().meta({
      description: 'Releases on which nothing goes wrong: names, and ranges such as v5.7+ or v5.7..v6.1',
    }),
    failure: failureSchema.optional().meta({ description: 'What goes wrong on `release`' }),
    why: z.string().max(2000).optional(),
    steps: z.array(z.unknown()).max(100_000).default([]).meta({ description: 'Operations in order' }),
    ...interleavedSchema.shape,
  })
  .meta({ title: 'mhp scenario', description: 'What is done to a machine, and what is expected' });

export type ScenarioFile = z.infer<typeof scenarioSchema>;

/** The JSON Schema of a scenario, published as schemas/scenario.schema.json. */
export function scenarioJsonSchema(): unknown {
  const schema = scenarioSchema.extend({
    machine: z.union([word, machineFileSchema]).meta({
      description: 'What a machine file says, or a source of a machine (relative to the scenario), or "host"',
    }),
    steps: z.array(stepSchema).optional(),
  });
  return z.toJSONSchema(schema, { io: 'input' });
}
