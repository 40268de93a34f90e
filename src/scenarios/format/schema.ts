import { z } from 'zod';
import { machineFileSchema } from '../../machines/machine-file/machine-schema.ts';
import { SIZE_PATTERN } from '../../machines/text/size.ts';
import { ERRNO, type Errno } from '../../steps/errno.ts';
import { interleavedSchema } from '../interleaved/schema.ts';
import { consumer_names } from '../reserved/consumers.ts';
import { failureSchema } from './failure-schema.ts';

/** The scenario format: a machine, a release, steps, and what is expected of them. */

const NO_SIZE = { error: 'is no number of bytes such as 134217728, "128M" or "0x8000000"' };
const size = z.union([z.int(NO_SIZE).min(0, NO_SIZE), z.string().regex(SIZE_PATTERN, NO_SIZE)], NO_SIZE);
const nid = z.int().min(0).max(1023);
const regions = z.int().min(0).max(1023);
const word = z.string().min(1).max(256);
const id = z.string().regex(/^[A-Za-z0-9_.-]{1,64}$/, { error: 'is no device id' });
const NO_BLOCK = { error: 'is no block such as 40, "memory40" or "40..47"' };
const blocks = z
  .union(
    [
      z.int(NO_BLOCK).min(0, NO_BLOCK),
      z.string().regex(/^(memory)?\d{1,9}(\.\.(memory)?\d{1,9})?$/, NO_BLOCK),
    ],
    NO_BLOCK,
  )
  .meta({ description: 'One block, or a range of blocks: 40, "memory40", "40..47"' });
const text = z.string().max(65_536);

const NO_RESULT = { error: 'is no result: success, BUG, any, or an errno such as EBUSY' };

/** What an operation may be expected to do, beside success, which is the default. */
const result = {
  expect: z
    .enum(['success', 'BUG', 'any', ...(Object.keys(ERRNO) as Errno[])], NO_RESULT)
    .optional()
    .meta({ description: 'success (default), an errno such as EBUSY, BUG, or any' }),
  message: word.optional().meta({ description: 'A kernel message of this operation contains this text' }),
  warning: word.optional().meta({ description: 'The kernel warns, and its warning contains this text' }),
};

const range = { start: size, size };
const online = { blocks, ...result };

/** Allocations that can be made to fail, by what they are for. */
const FAIL_SITES = [
  'mem_section_root',
  'mem_section_usage',
  'memblock_double_array',
  'memory_block',
  'node_device',
  'online_types',
  'pgdat',
  'pgtable',
  'usemap',
  'vmemmap_block',
  'vmemmap_populate',
] as const;

const steps = {
  add: z.strictObject({ ...range, node: nid.default(0), ...result }).meta({ description: 'add_memory()' }),
  add_driver_managed: z
    .strictObject({ ...range, node: nid.default(0), name: word.default('System RAM (kmem)'), ...result })
    .meta({ description: 'add_memory_driver_managed(), v5.8 and later' }),
  remove: z.strictObject({ ...range, ...result }).meta({ description: 'remove_memory()' }),
  offline_and_remove: z
    .strictObject({ ...range, ...result })
    .meta({ description: 'offline_and_remove_memory(), v5.8 and later' }),
  online: z.strictObject(online).meta({ description: 'echo online > memoryX/state' }),
  online_kernel: z.strictObject(online).meta({ description: 'echo online_kernel > memoryX/state' }),
  online_movable: z.strictObject(online).meta({ description: 'echo online_movable > memoryX/state' }),
  offline: z.strictObject(online).meta({ description: 'echo offline > memoryX/state' }),
  device_add: z
    .strictObject({ id, ...range, node: nid.default(0), ost: z.array(z.int()).optional(), ...result })
    .meta({ description: 'A DIMM is plugged, the firmware notifies ACPI' }),
  device_del: z
    .strictObject({ id, ost: z.array(z.int()).optional(), ...result })
    .meta({ description: 'The firmware requests the DIMM back' }),
  write: z
    .strictObject({ path: word, value: text, ...result })
    .meta({ description: 'Write a text to a file of sysfs' }),
  arch_add: z.strictObject({ ...range, node: nid.default(0), ...result }).meta({
    description: 'arch_add_memory() alone, as device memory gets it: no resource, no memblock, no blocks',
  }),
  arch_remove: z.strictObject({ ...range, ...result }).meta({ description: 'arch_remove_memory() alone' }),
  touch: z
    .strictObject({ ...range, ...result })
    .meta({ description: 'The kernel clears the pages of a range through its linear map' }),
  kpageflags: z.strictObject(range).meta({
    description: '/proc/kpageflags is read for the pages of a range, v5.7 and later: all of them are told',
  }),
  zone_device: z
    .strictObject({ ...range, node: nid.default(0), memtype: z.enum(['WB', 'UC-']).default('WB'), ...result })
    .meta({ description: 'Device memory with struct pages, mapped by its driver cached or uncached' }),
  nvdimm: z
    .strictObject({
      region: regions,
      ...range,
      node: nid.default(0),
      labels: z.boolean().default(true),
      carved: z.boolean().default(false),
      ...result,
    })
    .meta({
      description: 'The firmware describes a region of an NVDIMM; without labels it is one namespace',
    }),
  nvdimm_move: z
    .strictObject({ region: regions, start: size, ...result })
    .meta({ description: 'At the next boot the region, with all that is on it, lies elsewhere' }),
  ndctl: z
    .strictObject({ run: text, ...result })
    .meta({ description: 'The ndctl tool: create-namespace -r region0 -m fsdax -M mem -s 64M' }),
  daxctl: z
    .strictObject({ run: text, ...result })
    .meta({ description: 'The daxctl tool: reconfigure-device -m system-ram dax0.0' }),
  virtio_mem: z
    .strictObject({ device: regions, ...range, block: size.default('2M'), node: nid.default(0), ...result })
    .meta({ description: 'A virtio-mem device with its region, nothing of it plugged, v5.8 and later' }),
  virtio_mem_request: z
    .strictObject({ device: regions, size, ...result })
    .meta({ description: 'The host asks for so much of a virtio-mem device to be plugged' }),
  memremap: z
    .strictObject({
      ...range,
      node: nid.default(0),
      as: z.enum(['fs_dax', 'generic', 'private']).default('generic'),
      altmap: size.default(0),
      ...result,
    })
    .meta({
      description: 'A driver calls memremap_pages() for a range; `altmap`: bytes in it for struct pages',
    }),
  memunmap: z.strictObject({ ...range, ...result }).meta({ description: 'It calls memunmap_pages()' }),
  page: z
    .strictObject({
      start: size,
      valid: z.boolean().optional(),
      online: z.boolean().optional(),
      memmap: z.boolean().optional(),
    })
    .meta({
      description:
        'What pfn_valid() and pfn_to_online_page() say of the page, and whether its struct page is mapped',
    }),
  hv_hot_add: z
    .strictObject({ ...range, backed: size, node: nid.default(0), ...result })
    .meta({ description: 'A Hyper-V host announces memory and backs the first part of it' }),
  consume: z
    .strictObject({
      consumer: z.enum(consumer_names),
      start: size,
      gives: z.enum(['yes', 'no']).optional(),
      ...result,
    })
    .meta({
      description:
        'A kernel function that decides by PG_reserved is asked about the page at `start`, v5.10 and before',
    }),
  hugepages: z.strictObject({ size, node: nid.optional(), count: z.int().min(0), ...result }).meta({
    description:
      'echo count > hugepages-<size>kB/nr_hugepages, of a node or of all; fewer may come of it without an error',
  }),
  pin: z
    .strictObject({ ...range, node: nid.default(0), ...result })
    .meta({ description: 'The kernel takes one page of the range and keeps it' }),
  unpin: z.strictObject({}).meta({ description: 'It gives all such pages back' }),
  use: z
    .strictObject({
      ...range,
      as: z.enum([
        'movable',
        'unmovable',
        'free',
        'hugepage',
        'hugepage_free',
        'offline',
        'offline_ref',
        'hwpoison',
        'reserved',
      ]),
    })
    .meta({ description: 'What the pages of an online range are used for' }),
  fail: z
    .strictObject({
      site: z.enum(FAIL_SITES),
      times: z.int().min(1).max(1000).default(1),
      after: z.int().min(0).max(1_000_000).default(0),
    })
    .meta({
      description: 'Fault injection: the next allocations at this site fail, after some that succeed',
    }),
  lose_resource: z.strictObject(range).meta({ description: 'Someone releases this entry of /proc/iomem' }),
  system_state: z
    .strictObject({ state: z.enum(['booting', 'running']) })
    .meta({ description: 'Whether the system still boots' }),
  expect: z
    .strictObject({ path: word, text: text.nullable() })
    .meta({ description: 'A file of /proc or /sys reads as this; null: it is not there' }),
} as const;

export type StepKind = keyof typeof steps;
export type StepOf<K extends StepKind> = z.infer<(typeof steps)[K]>;
export type ScenarioStep = { [K in StepKind]: { readonly kind: K; readonly step: StepOf<K> } }[StepKind];

/** What may stand for the object of a step that needs no more than one thing. */
const short: Readonly<Partial<Record<StepKind, z.ZodType>>> = {
  online: blocks,
  online_kernel: blocks,
  online_movable: blocks,
  offline: blocks,
  device_del: id,
  ndctl: text,
  daxctl: text,
  unpin: z.null(),
  system_state: z.enum(['booting', 'running']),
};

const stepSchema = z.union(
  Object.entries(steps).map(([kind, schema]) => {
    const shorter = short[kind as StepKind];
    return z.strictObject({ [kind]: shorter ? z.union([schema, shorter]) : schema });
  }) as [z.ZodObject, z.ZodObject],
);

export const scenarioSchema = z
  .strictObject({
    schema: z.literal('mhp-scenario/1').optional(),
    id: word.optional(),
    title: word.optional(),
    /** What a machine file says is looked at apart, so that an error names its place. */
    machine: z.union([word, z.record(z.string(), z.unknown())], {
      error: 'is no machine: the path of one, or what a machine file says',
    }),
    release: word
      .optional()
      .meta({ description: 'A modelled release; the one nearest to the machine by default' }),
    fixed: z.array(word).optional().meta({ description: 'Releases on which nothing goes wrong' }),
    failure: failureSchema.optional().meta({ description: 'What goes wrong on `release`' }),
    why: z.string().max(2000).optional(),
    steps: z.array(z.unknown()).max(100_000).default([]).meta({ description: 'Operations in order' }),
    ...interleavedSchema.shape,
  })
  .meta({ title: 'mhp scenario', description: 'What is done to a machine, and what is expected' });

export type ScenarioFile = z.infer<typeof scenarioSchema>;

/** One step: an object with one key, the kind. Separate from the file's schema so that an error names its place. */
export function parseStep(value: unknown): { step: ScenarioStep } | { path: PropertyKey[]; what: string } {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return { path: [], what: 'is no step: one key, the operation, with what it takes' };
  }
  const keys = Object.keys(value);
  const [kind] = keys;
  if (keys.length !== 1 || kind === undefined)
    return { path: [], what: 'is no step: it must have one key, the operation' };
  if (!Object.hasOwn(steps, kind)) {
    return { path: [kind], what: `is no operation; there are ${Object.keys(steps).join(', ')}` };
  }
  const inner = (value as Record<string, unknown>)[kind];
  const short = shorthand(kind as StepKind, inner);
  const parsed = steps[kind as StepKind].safeParse(short);
  if (parsed.success) return { step: { kind, step: parsed.data } as ScenarioStep };
  const issue = parsed.error.issues[0];
  return { path: [kind, ...(issue?.path ?? [])], what: issue?.message ?? 'is wrong' };
}

/** `online: 40` for `online: {blocks: 40}`, `device_del: d1` for `device_del: {id: d1}`, `unpin:` for `unpin: {}`. */
function shorthand(kind: StepKind, value: unknown): unknown {
  if (typeof value === 'object' && value !== null) return value;
  if (kind === 'unpin') return value === null ? {} : value;
  if (kind === 'device_del') return { id: value };
  if (kind === 'ndctl' || kind === 'daxctl') return { run: value };
  if (kind === 'system_state') return { state: value };
  return kind.startsWith('online') || kind === 'offline' ? { blocks: value } : value;
}

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
