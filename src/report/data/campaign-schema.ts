import { z } from 'zod';

/** What `mhp campaign --json` prints, published as a JSON Schema. */

const count = z.int().min(0);
const names = z.array(z.string());
const verdict = z.enum(['found', 'other', 'clean', 'undecided', 'n/a']);
const onRelease = z.strictObject({ release: z.string(), applies: count, found: count, geometries: names });

const run = z.strictObject({
  kind: z.literal('run'),
  entry: z.string(),
  release: z.string(),
  said: z.enum(['fails', 'fixed']).nullable(),
  arch: z.string(),
  page_size: count,
  va_bits: count.nullable(),
  layout: z.string().nullable(),
  as_written: z.boolean(),
  boot_memory: z.string().nullable(),
  verdict,
  failure_kind: z.string().nullable(),
  failure_subjects: z.record(z.string(), z.unknown()).nullable(),
  failure_text: z.string().nullable(),
  same_as: names,
  reason: z.string().nullable(),
  within: names,
  states: count,
  steps: count,
  preemptions: count.nullable(),
  token: z.string().nullable().meta({ description: 'For mhp replay' }),
});

export const campaignSchema = z
  .strictObject({
    schema: z.literal('mhp-campaign-summary/1'),
    runs: count,
    verdicts: z.record(z.string(), count),
    not_as_said: z.array(run),
    entries: z.array(
      z.strictObject({
        entry: z.string(),
        title: z.string(),
        applies: count,
        found: count,
        undecided: count,
        same_as: names,
        releases: z.array(onRelease),
      }),
    ),
    races: z.array(
      z.strictObject({
        layout: z.string(),
        geometry: z.string(),
        outcome: z.enum(['reachable', 'hidden', 'no shared table', 'n/a']),
        level: z.string().nullable(),
        free_below: count.nullable(),
        low: names,
        high: names,
        races: names,
        reason: z.string().nullable(),
      }),
    ),
    tables: z.array(z.looseObject({ kind: z.literal('shared_table') })),
    latest: z.strictObject({
      release: z.string(),
      entries: z.array(onRelease.extend({ entry: z.string(), title: z.string(), why: z.string() })),
    }),
    others: z.array(
      z.strictObject({ kind: z.string(), text: z.string(), runs: count, entries: names, same_as: names }),
    ),
  })
  .meta({ title: 'mhp campaign', description: 'mhp campaign --json: where each entry can occur' });
