import { z } from 'zod';
import { ANSWER_SCHEMAS } from './answer-schemas.ts';
import { campaignSchema } from './campaign-schema.ts';

/** What --json prints of stories, checks and runs, published as JSON Schemas. */

const hex = z.string().regex(/^0x[0-9a-f]+$/);
const count = z.int().min(0);
const snapshot = z.record(z.string(), z.record(z.string(), z.unknown())).meta({
  description: 'Values by name, in groups. In a delta: new values, and null for what is gone',
});
const failure = z.object({ kind: z.string(), subjects: z.record(z.string(), z.unknown()), text: z.string() });
const placed = { thread: z.string(), step: count, in: z.string() };
const deeds = z.array(z.object({ ...placed, deed: z.string(), entry: z.string().nullable() }));
const heldLocks = z.object({ thread: z.string(), locks: z.array(z.string()) });
const part = <T extends z.ZodRawShape>(kind: string, shape: T) =>
  z.object({ kind: z.literal(kind), ...shape, text: z.string(), steps: z.array(count) });

const why = z.discriminatedUnion('kind', [
  part('nothing', {}),
  part('failure', { failure: z.string() }),
  part('entry', { at: z.object(placed), effect: z.string() }),
  part('page', { pfn: hex, deeds }),
  part('object', { object: z.string(), initial: z.boolean(), deeds }),
  part('conflict', {
    first: z.object({ ...placed, asks: z.string() }),
    second: z.object({ ...placed, asks: z.string() }),
  }),
  part('stale', { at: z.object(placed) }),
  part('order', {
    first: heldLocks,
    second: heldLocks,
    common: z.array(z.string()),
    of: z.enum(['threads', 'steps']),
  }),
  part('waits', { thread: z.string(), lock: z.string(), in: z.string() }),
  part('lock taken', { lock: z.string(), at: z.object(placed) }),
  part('lock kept', { lock: z.string(), thread: z.string(), step: count.nullable() }),
  part('loops', { pfn: hex, nr_pages: count, state: z.string() }),
]);

const storyStep = z.strictObject({
  number: count,
  thread: z.string(),
  text: z.string(),
  step: z.looseObject({ op: z.string() }).nullable().meta({ description: 'What the thread asked for' }),
  in: z
    .array(z.object({ nr: z.int(), function: z.string() }))
    .meta({ description: 'Calls, the outermost first' }),
  line: z
    .object({
      file: z.string(),
      line: count,
      variables: z
        .array(z.object({ name: z.string(), value: z.string() }))
        .optional()
        .meta({ description: 'Variables of the function, before the step' }),
      access: z
        .enum(['plain', 'volatile', 'atomic'])
        .optional()
        .meta({ description: 'How the C accesses memory: a plain access may be done twice, or not at all' }),
    })
    .nullable()
    .meta({ description: 'The line of C' }),
  outcome: count,
  result: z.unknown(),
  before: z.unknown().meta({ description: 'For a write of a field: the value before' }),
  announced: z
    .boolean()
    .meta({ description: 'It took effect but is not complete: a writer waits for readers' }),
  preemption: z.boolean(),
  fault: z.looseObject({ kind: z.string() }).nullable(),
  notice: z.looseObject({ kind: z.string() }).nullable(),
  effect: z.boolean().meta({ description: 'It changed what other threads can see' }),
  minor: z.boolean(),
  repeat: z.boolean().meta({ description: 'The thread knew the value already' }),
  deed: z.enum(['taken', 'freed', 'found', 'written', 'cleared', 'accessed']).nullable(),
  pfns: z.array(z.object({ pfn: hex, nr_pages: count })),
  entry: z
    .object({ name: z.string(), pa: hex, va: hex.nullable(), size: count.nullable() })
    .nullable()
    .meta({ description: 'The page table entry accessed, and the bytes from va on that it translates' }),
  delta: snapshot,
});

export const storySchema = z
  .strictObject({
    schema: z.literal('mhp-story/1'),
    program: z.string(),
    token: z.string(),
    threads: z.array(z.object({ name: z.string(), cpu: count })),
    tables: z
      .object({
        arch: z.string(),
        page_size: count,
        va_bits: count,
        levels: z.array(z.string()),
        cpus: count,
      })
      .nullable(),
    violation: failure.extend({ monitor: z.string() }).nullable(),
    preemptions: count,
    why: z.array(why),
    rows: z.array(
      z.object({
        kind: z.enum(['switch', 'statement', 'steps']),
        text: z.string(),
        label: z.string().nullable(),
        thread: z.string(),
        first: count,
        last: count,
      }),
    ),
    entries: z.array(
      z.object({
        pa: hex,
        n: count,
        table: hex,
        level: z.string().nullable(),
        index: count,
        va: hex.nullable(),
      }),
    ),
    initial: snapshot,
    steps: z.array(storyStep),
  })
  .meta({ title: 'mhp story', description: 'mhp replay --json: an execution, step by step' });

const holder = z.object({
  block: count,
  pages: z.record(z.string(), z.unknown()).nullable(),
  function: z.string().nullable(),
  why: z.string(),
});

const runStep = z.strictObject({
  step: count,
  operation: z.string(),
  result: z.string(),
  ret: z.number().nullable(),
  ost: z.array(count).nullable(),
  ost_names: z.array(z.string().nullable()).nullable(),
  messages: z.array(
    z.object({
      level: count
        .nullable()
        .meta({ description: '0 emerg to 7 debug; null: a BUG, a warning, a report on locks' }),
      text: z.string(),
    }),
  ),
  changes: z.array(z.string()),
  tables: z.object({ allocated: z.record(z.string(), count), freed: z.record(z.string(), count) }),
  failures: z.array(failure.loose()),
  holders: z.array(holder).meta({ description: 'What has kept memory from going offline' }),
  unexpected: z.boolean(),
  delta: snapshot,
});

export const runSchema = z
  .strictObject({
    schema: z.literal('mhp-run/2'),
    machine: z.string(),
    title: z.string().nullable(),
    notes: z.array(z.string()),
    arch: z.string(),
    release: z.string(),
    page_size: count,
    section_size: count,
    subsection_size: count,
    block_size: count,
    initial: snapshot,
    steps: z.array(runStep),
    memory: z.array(z.record(z.string(), z.unknown())).optional(),
    show: z.record(z.string(), z.string()).optional(),
  })
  .meta({ title: 'mhp run', description: 'mhp run --json: a scenario, and the machine after each step' });

export const checkSchema = z
  .strictObject({
    schema: z.literal('mhp-check/2'),
    entries: z.array(
      z.object({
        id: z.string(),
        title: z.string(),
        why: z.string().nullable(),
        file: z.string(),
        kind: z.enum(['threads', 'steps', 'memmap']),
        release: z.string(),
        fixed: z.array(z.string()),
        failure: z.record(z.string(), z.unknown()).nullable(),
      }),
    ),
    results: z.array(
      z.strictObject({
        id: z.string(),
        release: z.string(),
        geometry: z.string().nullable().meta({ description: 'The geometry asked for, as 4K/48' }),
        layout: z.string().nullable(),
        arch: z.string(),
        page_size: count,
        va_bits: count.nullable(),
        verdict: z.enum(['found', 'other', 'clean', 'undecided', 'n/a']),
        expected: z.enum(['found', 'clean']).nullable(),
        failure: failure.nullable(),
        reason: z.string().nullable(),
        within: z.array(z.string()),
        states: count,
        steps: count,
        preemptions: count.nullable(),
        notes: z.array(z.string()),
        token: z.string().nullable(),
        text: z.string().nullable(),
        story: z
          .union([storySchema, runSchema, z.looseObject({ schema: z.literal('mhp-run-memmap/1') })])
          .nullable(),
      }),
    ),
  })
  .meta({ title: 'mhp check', description: 'mhp check --json: verdicts, and how they came about' });

/** The published schemas by file. */
export const OUTPUT_SCHEMAS = {
  'story-1.schema.json': storySchema,
  'run-2.schema.json': runSchema,
  'check-2.schema.json': checkSchema,
  'campaign-summary-1.schema.json': campaignSchema,
  ...ANSWER_SCHEMAS,
} as const;
