import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { z } from 'zod';
import { releaseRange } from '../../src/machines/text/release-range.ts';
import { mainline } from '../../src/releases/index.ts';
import type { Alarm, Document } from './walk.ts';

/** The alarms that kernels of the modelled releases raise, by name. */

const texts = z.union([z.string(), z.array(z.string()).min(1)]);

/** By kind of step, then by key: `any` is any value, /…/ a regular expression. */
const said = z.record(z.string(), z.record(z.string(), z.string()));

const namedSchema = z.strictObject({
  /** The id of an entry of the catalogue, or a name of its own. */
  name: z.string(),
  /** A defect of the kernel; or what the kernel says to a caller that it takes to be wrong. */
  is: z.enum(['defect', 'complaint']),
  kind: texts,
  /** Each subject is this, or one of these. */
  subjects: z.record(z.string(), texts).default({}),
  /** The beginning of the kernel's message, or one of several. */
  text: texts.optional(),
  releases: z.array(z.string()).min(1),
  arch: z.enum(['arm64', 'x86_64']).optional(),
  page_size: texts.optional(),
  /** The step that raises it ends with an errno. */
  failed: z.literal(true).optional(),
  /** Kinds of step of which the sequence has one. */
  after: texts.optional(),
  /** Steps that the sequence has, or one of several such: their kinds, and what they say besides others. */
  did: z.union([said, z.array(said).min(1)]).optional(),
  /** A regular expression that each of the differences matches. */
  every_line: z.string().optional(),
  /** What is wrong, if it is not in the catalogue. */
  about: z.string().optional(),
  /** Where the kernel's source shows it. */
  source: z.string().optional(),
  /** A short scenario that raises it. */
  shortest: z
    .strictObject({
      release: z.string(),
      machine: z.looseObject({ arch: z.enum(['arm64', 'x86_64']) }),
      steps: z.array(z.looseObject({})).min(1),
    })
    .optional(),
});
export type Named = z.infer<typeof namedSchema>;

export const NAMED: readonly Named[] = z
  .array(namedSchema)
  .parse(parse(readFileSync(new URL('known.yaml', import.meta.url), 'utf8')));

const MAINLINE = mainline.map(({ name }) => name);

const onReleases = new Map<Named, ReadonlySet<string>>(
  NAMED.map((named) => [
    named,
    new Set(
      named.releases.flatMap((text) => {
        const names = releaseRange(text, MAINLINE) ?? [text];
        if ('wrong' in names) throw new Error(`${named.name}: ${names.wrong}`);
        return names;
      }),
    ),
  ]),
);

const isOneOf = (allowed: string | readonly string[], found: unknown): boolean =>
  (typeof allowed === 'string' ? [allowed] : allowed).includes(String(found));

const isValue = (wanted: string, value: unknown): boolean =>
  /^\/.+\/$/.test(wanted)
    ? new RegExp(wanted.slice(1, -1)).test(String(value))
    : wanted === 'any' || wanted === value;

const says = (step: object, kind: string, wanted: Readonly<Record<string, string>>): boolean => {
  const said = (step as Readonly<Record<string, Readonly<Record<string, unknown>>>>)[kind];
  return (
    said !== undefined &&
    Object.entries(wanted).every(([key, value]) => key in said && isValue(value, said[key]))
  );
};

const isErrno = (result: string | undefined): boolean => /^E[A-Z]+$/.test(result ?? '');

/** The first name that fits the alarm; null for an alarm without a name. */
export function nameFor({ release, machine, steps }: Document, alarm: Alarm): Named | null {
  const subjects = alarm.subjects as Readonly<Record<string, unknown>>;
  const message = String(subjects.message ?? '');
  const lines = alarm.subjects.lines ?? [];
  const fits = (named: Named): boolean =>
    isOneOf(named.kind, alarm.kind) &&
    onReleases.get(named)!.has(release) &&
    Object.entries(named.subjects).every(([key, allowed]) => isOneOf(allowed, subjects[key])) &&
    (named.arch === undefined || named.arch === machine.arch) &&
    (named.page_size === undefined || isOneOf(named.page_size, machine.page_size)) &&
    (named.failed === undefined || isErrno(alarm.result)) &&
    (named.after === undefined || steps.some((step) => isOneOf(named.after!, Object.keys(step)[0]))) &&
    [named.did ?? {}]
      .flat()
      .some((all) =>
        Object.entries(all).every(([kind, wanted]) => steps.some((step) => says(step, kind, wanted))),
      ) &&
    (named.text === undefined || [named.text].flat().some((text) => message.startsWith(text))) &&
    (named.every_line === undefined || lines.every((line) => new RegExp(named.every_line!).test(line)));
  return NAMED.find(fits) ?? null;
}
