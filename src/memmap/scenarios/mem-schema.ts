import { z } from 'zod';
import { parseSize, SIZE_PATTERN } from '../../machines/text/size.ts';
import { ERRNO, type Errno } from '../../steps/errno.ts';
import { memFailureSchema } from '../../steps/failure-schema.ts';
import type { MemMachine } from '../boot/mem-machine.ts';
import type { MemoryModel } from '../kernel/config.ts';

/** Scenarios of struct pages and the memory they describe: `memory` in place of `machine`. */

const NO_SIZE = { error: 'is not a number of bytes such as 134217728, "128M" or "0x8000000"' };
const size = z
  .union([z.int(NO_SIZE).min(0, NO_SIZE), z.string().regex(SIZE_PATTERN, NO_SIZE)], NO_SIZE)
  .transform((value) => (typeof value === 'number' ? value : (parseSize(value) ?? Number.NaN)))
  .refine((bytes) => bytes <= 2 ** 52, { error: 'is past 2^52' });
const word = z.string().min(1).max(256);
const nid = z.int().min(0).max(1023);
const bits = z.int().min(1).max(63);

const NO_RESULT = { error: 'is not a result: success, unusable, BUG, any, or an errno such as EINVAL' };
const result = {
  expect: z
    .enum(['success', 'unusable', 'BUG', 'any', ...(Object.keys(ERRNO) as Errno[])], NO_RESULT)
    .optional(),
  message: word.optional().meta({ description: 'A kernel message of this operation contains this text' }),
};
const range = { start: size, size };

export const MODELS: Readonly<Record<string, MemoryModel>> = {
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
});

const memory = z.strictObject({
  arch: z.enum(['ppc64', 'x86_64', 'arm64', 'tiny']).meta({ description: 'tiny: sections of two pages' }),
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

const steps = {
  hugepagesz: z.strictObject({ size, ...result }).meta({ description: 'hugepagesz= on the command line' }),
  prep: z
    .strictObject({ ...range, ...result })
    .meta({ description: 'gather_bootmem_prealloc(): pages set aside become a huge page' }),
  clear: z
    .strictObject({ ...range, ...result })
    .meta({ description: 'hugetlb_no_page(): its memory is zeroed' }),
  copy: z
    .strictObject({ from: size, to: size, size, ...result })
    .meta({ description: 'hugetlb_cow(): its memory is copied' }),
  follow: z
    .strictObject({ ...range, offset: size.default(0), length: size, ...result })
    .meta({ description: 'follow_hugetlb_page(): get_user_pages() of a part of it' }),
  free: z.strictObject({ ...range, ...result }).meta({ description: 'update_and_free_page()' }),
  hold: z.strictObject(range).meta({ description: 'Someone has one more reference to each of these pages' }),
  lock: z.strictObject(range).meta({ description: 'Someone has locked each of these pages' }),
  add: z
    .strictObject({ ...range, node: nid.default(0), ...result })
    .meta({ description: 'sparse_add_section(), v5.3 and later' }),
  remove: z
    .strictObject({ ...range, ...result })
    .meta({ description: 'section_deactivate(), v5.3 and later' }),
  memory_present: z
    .strictObject({ ...range, node: nid, ...result })
    .meta({ description: 'Early boot notes the node of the sections, v5.3 and later' }),
  pfn_valid: z
    .strictObject({ start: size, is: z.boolean(), ...result })
    .meta({ description: 'pfn_valid() of the page at an address' }),
} as const;

export type MemStepKind = keyof typeof steps;
export type MemStepOf<K extends MemStepKind> = z.infer<(typeof steps)[K]>;
export type MemStep = { [K in MemStepKind]: { readonly kind: K; readonly step: MemStepOf<K> } }[MemStepKind];

const stepSchema = z.union(
  Object.entries(steps).map(([kind, schema]) => z.strictObject({ [kind]: schema })) as unknown as [
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
  if (!Object.hasOwn(steps, kind))
    return { path: [kind], what: `is not an operation; there are ${Object.keys(steps).join(', ')}` };
  const parsed = steps[kind as MemStepKind].safeParse((value as Record<string, unknown>)[kind]);
  if (parsed.success) return { step: { kind, step: parsed.data } as MemStep };
  const issue = parsed.error.issues[0];
  return { path: [kind, ...(issue?.path ?? [])], what: issue?.message ?? 'is wrong' };
}

/** The JSON Schema of such a scenario, published as schemas/memmap-scenario.schema.json. */
export function memScenarioJsonSchema(): unknown {
  return z.toJSONSchema(memScenarioSchema.extend({ steps: z.array(stepSchema).min(1) }), { io: 'input' });
}
