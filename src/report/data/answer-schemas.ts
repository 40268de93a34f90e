import { z } from 'zod';
import { PAGE_CLASSES } from '../../answers/pages/word.ts';
import { DEVICE_KINDS } from '../../answers/plan/add-request.ts';

/** What --json prints of answers: why, explain, plan, diff. Sizes and addresses are bytes, pfns and pages are pages. */

const count = z.int().min(0);
const text = z.string();
const errno = text.nullable().meta({ description: 'Null for success' });
const texts = z.array(text);
const range = { start: count, size: count };
const named = z.strictObject({ name: text, ...range });
const about = {
  machine: text.meta({ description: 'The source' }),
  arch: z.enum(['arm64', 'x86_64']),
  release: text.meta({ description: 'The release of the model that stands for its kernel' }),
  notes: texts.meta({ description: 'What was assumed or is unknown' }),
};

const owner = z.strictObject({
  kind: z.enum(['dimm', 'dax', 'cxl', 'virtio-mem', 'balloon', 'pmem', 'boot', 'added']),
  device: text.nullable(),
  resources: texts.meta({ description: 'Of /proc/iomem around it, the outermost first' }),
  firmware: z.array(named).meta({ description: 'Ranges of /sys/firmware/memmap, or of the boot messages' }),
  reservations: z.array(named),
});

const pageCount = z.strictObject({
  kind: z.enum([...PAGE_CLASSES, 'unmovable']),
  pages: count,
  first: count.meta({ description: 'A pfn' }),
  owners: z
    .array(z.strictObject({ name: text, pages: count }))
    .optional()
    .meta({ description: 'Who has allocated them, as page_owner says' }),
});

const reason = z.strictObject({
  kind: z.enum([
    'holes',
    'zones',
    'nodes',
    'unmovable',
    'reserved',
    'boot memory',
    'leaf',
    'hugetlb',
    'hwpoison',
    'PageOffline',
    'no room',
    'partial block',
    'no hotremove',
    'other',
  ]),
  where: text.meta({ description: 'The kernel function that refuses' }),
  pages: z.array(pageCount),
  ranges: z.array(named),
  about: text.nullable(),
});

const blockAnswer = z.strictObject({
  block: count,
  ...range,
  verdict: z.enum(['yes', 'no', 'unsure', 'offline']),
  zone: text.nullable(),
  nodes: z.array(count),
  errno,
  messages: texts,
  reason: reason.nullable(),
  owner,
  migrate: count.nullable().meta({ description: 'Pages that would migrate; null if unknown' }),
  cures: z.array(z.strictObject({ text, commands: texts })),
  mapped: count.nullable().meta({ description: 'Pages that programs have mapped, by /proc/kpagecount' }),
  depends: texts,
  seen: texts.meta({ description: 'What other files show of the reason' }),
  unseen: texts.meta({ description: 'What could not be seen' }),
});

export const whySchema = z
  .strictObject({ schema: z.literal('mhp-why/1'), ...about, blocks: z.array(blockAnswer) })
  .meta({ title: 'mhp why', description: 'mhp why --json' });

const reading = z.union([z.number(), text]);

export const explainSchema = z
  .strictObject({
    schema: z.literal('mhp-explain/1'),
    lines: count,
    explained: z.array(
      z.strictObject({
        line: text,
        program: text,
        places: z.array(z.strictObject({ fn: text, file: text, releases: text })),
        format: text,
        values: z.record(text, reading),
        device: text.nullable(),
        means: text.nullable(),
        change: texts,
      }),
    ),
  })
  .meta({ title: 'mhp explain', description: 'mhp explain --json' });

const ratio = z.strictObject({ movable: count, kernel: count });

export const planAddSchema = z
  .strictObject({
    schema: z.literal('mhp-plan-add/1'),
    ...about,
    accepted: z.boolean(),
    ...range,
    kind: z.enum(DEVICE_KINDS),
    node: count,
    errno,
    messages: texts,
    why: text.nullable(),
    block_size: count,
    usable: count,
    lost: count,
    first_block: count.nullable(),
    blocks: count,
    nearest_starts: z.array(count),
    nearest_sizes: z.array(count),
    costs: z
      .strictObject({ memmap: count, page_tables: count, on_memory: z.boolean(), needed: count })
      .nullable(),
    free: count.nullable().meta({ description: 'MemFree of /proc/meminfo' }),
    memmap_on_memory: z.strictObject({ applies: z.boolean(), why: text }),
    onlined_by: texts,
    zones: z.array(z.strictObject({ how: text, zone: text })),
    ratio: z.strictObject({ before: ratio, movable: ratio, kernel: ratio }).nullable(),
    commands: z.array(z.strictObject({ where: text, command: text })),
  })
  .meta({ title: 'mhp plan add', description: 'mhp plan add --json' });

export const planRemoveSchema = z
  .strictObject({
    schema: z.literal('mhp-plan-remove/1'),
    ...about,
    wanted: count,
    possible: count,
    blocks: z.array(
      z.strictObject({
        block: count,
        offline: z.boolean(),
        zone: text.nullable(),
        migrate: count.nullable(),
        unsure: z.boolean(),
      }),
    ),
    stays: z.array(blockAnswer),
    migrate: count,
    room: count.nullable(),
    commands: texts,
  })
  .meta({ title: 'mhp plan remove', description: 'mhp plan remove --json' });

const releases = { first: text, last: text };
const use = z.enum(['fsdax', 'system-ram']);

export const planLayoutSchema = z
  .strictObject({
    schema: z.literal('mhp-plan-layout/1'),
    ...about,
    kind: z.enum(['pmem', 'cxl']),
    releases: texts,
    devices: z.array(
      z.strictObject({
        name: text,
        kind: z.enum(['pmem', 'dax', 'cxl']),
        ...range,
        node: count,
        ways: count,
        interleave_alignment: count,
        shared: z.array(z.strictObject({ ...range, with: texts })),
        outcomes: z.array(
          z.strictObject({
            use,
            ...releases,
            accepted: z.boolean(),
            errno,
            messages: texts,
            usable: count,
            metadata: count,
            lost: count,
            section_size: count,
            block_size: count,
            first_block: count.nullable(),
            blocks: count,
          }),
        ),
        best: z.array(
          z.strictObject({
            use,
            ...releases,
            alignment: count,
            inside: z.strictObject(range).nullable(),
            around: z.strictObject(range).nullable(),
          }),
        ),
      }),
    ),
    windows: z.array(
      z.strictObject({
        name: text,
        ...range,
        ways: count,
        granularity: count,
        free: count,
        region_alignment: count,
        best_alignment: count,
      }),
    ),
  })
  .meta({ title: 'mhp plan pmem, mhp plan cxl', description: 'mhp plan pmem --json, mhp plan cxl --json' });

const fact = z.strictObject({
  state: z.enum(['online', 'offline']),
  zone: text.nullable(),
  nodes: z.array(count),
});
const change = <T extends z.ZodRawShape>(kind: string, shape: T) =>
  z.strictObject({ kind: z.literal(kind), ...shape });

export const diffSchema = z
  .strictObject({
    schema: z.literal('mhp-diff/1'),
    before: text,
    after: text,
    block_size: count,
    changes: z.array(
      z.discriminatedUnion('kind', [
        change('block added', { block: count, is: fact }),
        change('block removed', { block: count, is: fact }),
        change('block', { block: count, was: fact, is: fact }),
        change('node', { node: count, what: z.enum(['appeared', 'disappeared']) }),
        change('zone', {
          node: count,
          zone: text,
          field: z.enum(['present', 'managed', 'spanned']),
          was: count,
          is: count,
        }),
        change('resource added', { name: text, ...range }),
        change('resource removed', { name: text, ...range }),
        change('parameter', { name: text, was: text, is: text }),
        change('hugepages', { order: count, was: count, is: count }),
      ]),
    ),
    operations: texts,
  })
  .meta({ title: 'mhp diff', description: 'mhp diff --json' });

/** By their files in schemas/. */
export const ANSWER_SCHEMAS: Readonly<Record<string, z.ZodType>> = {
  'why-1.schema.json': whySchema,
  'explain-1.schema.json': explainSchema,
  'plan-add-1.schema.json': planAddSchema,
  'plan-remove-1.schema.json': planRemoveSchema,
  'plan-layout-1.schema.json': planLayoutSchema,
  'diff-1.schema.json': diffSchema,
};
