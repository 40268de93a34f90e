import { z } from 'zod';
import { IN_WORDS, issueText } from '../../machines/text/zod-place.ts';
import { memFailureSchema } from '../../steps/failure-schema.ts';
import type { MemMachine } from '../boot/mem-machine.ts';
import type { MemoryModel } from '../kernel/config.ts';
import { memSteps } from './steps/index.ts';
import { nid, range, size, word } from './steps/values.ts';

/** Scenarios of struct pages and the memory they describe: `memory` in place of `machine`. */

const bits = z.int().min(1).max(63);

const MODELS: Readonly<Record<string, MemoryModel>> = {
  flatmem: 'FLATMEM',
  discontigmem: 'DISCONTIGMEM',
  sparsemem: 'SPARSEMEM_EXTREME',
  sparsemem_extreme: 'SPARSEMEM_EXTREME',
  sparsemem_static: 'SPARSEMEM_STATIC',
  vmemmap: 'SPARSEMEM_VMEMMAP',
};

const place = z.union([z.enum(['pgdat', 'own']), z.int().min(0)]);
const bootmem = z.strictObject({
  pgdat: z
    .array(z.strictObject({ node: nid, section: z.int().min(0) }))
    .max(1024)
    .optional()
    .meta({ description: 'The section in which the pgdat of a node lies; without: the first of the node' }),
  usemap: place.default('pgdat'),
  memmap: place.default('pgdat'),
  full: z.array(z.int().min(0)).max(4096).optional().meta({
    description:
      'Sections without free memory: usemaps that should lie with the pgdat go where memblock finds some',
  }),
});

const memory = z.strictObject({
  arch: z
    .enum(['ppc64', 'x86_64', 'i386', 'arm64', 'tiny'])
    .meta({ description: 'tiny: sections of two pages' }),
  page_size: size.default(4096),
  memory_model: z.enum(Object.keys(MODELS) as [string, ...string[]]).default('sparsemem'),
  memmap: z
    .enum(['adjacent', 'reversed', 'foreign'])
    .default('adjacent')
    .meta({ description: 'Where boot memory puts memmaps; foreign: something else behind each' }),
  foreign: z
    .strictObject({
      name: word,
      size: size
        .refine((n) => n > 0 && n % 64 === 0 && n <= 2 ** 30, { error: 'is not a multiple of 64 up to 1G' })
        .optional(),
      reads_as: z
        .int()
        .min(0)
        .max(2 ** 32)
        .optional()
        .meta({ description: 'Section, or node, that its bytes give when taken for a struct page' }),
    })
    .optional(),
  beyond: word
    .nullable()
    .optional()
    .meta({ description: 'What lies behind all memmaps; null: nothing that is mapped' }),
  bootmem: bootmem.optional().meta({
    description:
      'In which section boot memory puts usemaps and memmaps: that of the pgdat, the very section each is for, or one by number',
  }),
  ram: z
    .array(z.strictObject({ ...range, node: nid.default(0) }))
    .min(1)
    .max(4096),
  nomap: z.array(z.strictObject(range)).max(4096).optional(),
  section_size_bits: bits.optional(),
  max_physmem_bits: bits.optional(),
  max_order: z.int().min(1).max(40).optional().meta({ description: 'Exclusive' }),
  sections_per_root: z.int().min(1).max(65_536).optional(),
  debug_vm: z.boolean().optional(),
});

/** A step of a scenario: its kind and the parsed value. */
export interface MemStep {
  readonly kind: keyof typeof memSteps;
  readonly step: Readonly<Record<string, unknown>>;
}

const stepSchema = z.union(
  Object.entries(memSteps).map(([kind, { schema }]) => z.strictObject({ [kind]: schema })) as unknown as [
    z.ZodObject,
    z.ZodObject,
  ],
);

export const memScenarioSchema = z
  .strictObject({
    schema: z.literal('mhp-memmap/1').optional(),
    id: word.optional(),
    title: word.optional(),
    memory,
    release: word,
    fixed: z.array(word).optional().meta({
      description: 'Releases on which nothing goes wrong: names, and ranges such as v5.7+ or v5.7..v6.1',
    }),
    failure: memFailureSchema.optional().meta({ description: 'What goes wrong on `release`' }),
    why: z.string().max(2000).optional(),
    steps: z.array(z.unknown()).min(1).max(10_000),
  })
  .meta({ title: 'mhp memmap scenario', description: 'What is done to struct pages, and what is expected' });

export type MemScenarioFile = z.infer<typeof memScenarioSchema>;

export const machineOfFile = (file: MemScenarioFile['memory']): MemMachine => ({
  ...file,
  memory_model: MODELS[file.memory_model]!,
});

/** One step: an object with one key, the kind. */
export function parseMemStep(value: unknown): { step: MemStep } | { path: PropertyKey[]; what: string } {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return { path: [], what: 'is not a step: one key, the operation, with what it takes' };
  const [kind, ...more] = Object.keys(value);
  if (kind === undefined || more.length)
    return { path: [], what: 'is not a step: it must have one key, the operation' };
  if (!Object.hasOwn(memSteps, kind))
    return { path: [kind], what: `is not an operation; there are ${Object.keys(memSteps).join(', ')}` };
  const known = kind as MemStep['kind'];
  const given = (value as Record<string, unknown>)[kind];
  const parsed = memSteps[known].schema.safeParse(given, IN_WORDS);
  if (parsed.success) return { step: { kind: known, step: parsed.data } };
  const issue = parsed.error.issues[0]!;
  return { path: [kind, ...issue.path], what: issueText(issue, given) };
}

/** The JSON Schema of such a scenario, published as schemas/memmap-scenario.schema.json. */
export function memScenarioJsonSchema(): unknown {
  return z.toJSONSchema(memScenarioSchema.extend({ steps: z.array(stepSchema).min(1) }), { io: 'input' });
}
