import { z } from 'zod';
import { IN_WORDS, issueText } from '../../machines/text/zod-place.ts';
import { nearest } from '../../releases/nearest.ts';
import type { StepKind } from '../steps/common/kind.ts';
import * as steps from '../steps/index.ts';

/** Steps as written in a scenario: an object with one key, the kind; its value is what the kind takes. */

type Kinds = typeof steps;
export type StepName = keyof Kinds;
/** The value of the kind's key. */
export type StepOf<K extends StepName> = z.infer<Kinds[K]['schema']>;
export type ScenarioStep = { [K in StepName]: { readonly kind: K; readonly step: StepOf<K> } }[StepName];

const kinds: ReadonlyMap<string, StepKind> = new Map<string, StepKind>(
  Object.entries(steps).sort(([a], [b]) => (a < b ? -1 : 1)),
);

export const kindOf = (name: StepName): StepKind => kinds.get(name)!;

/** The schema of a kind's short form; null if it has none. */
function shortSchema({ schema, short }: StepKind): z.ZodType | null {
  if (short !== undefined) return schema.shape[short] as z.ZodType;
  return Object.keys(schema.shape).length === 0 ? z.null() : null;
}

/** Converts the short form: `online: 40` stands for `online: {blocks: 40}`, `unpin:` for `unpin: {}`. */
function longForm({ schema, short }: StepKind, value: unknown): unknown {
  if (typeof value === 'object' && value !== null) return value;
  if (short !== undefined) return { [short]: value };
  return value === null && Object.keys(schema.shape).length === 0 ? {} : value;
}

/** Any step, for the published JSON Schema. */
export const stepSchema = z.union(
  [...kinds].map(([name, kind]) => {
    const short = shortSchema(kind);
    return z.strictObject({ [name]: short ? z.union([kind.schema, short]) : kind.schema });
  }),
);

/** Kinds near an unknown name; all if there is none. */
function otherKinds(name: string): string {
  const near = nearest(name, kinds.keys());
  return near.length > 0 ? `near it: ${near.join(', ')}` : `there are ${[...kinds.keys()].join(', ')}`;
}

/** Parses one step. Done apart from the file's schema, so that an error names its place. */
export function parseStep(value: unknown): { step: ScenarioStep } | { path: PropertyKey[]; what: string } {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return { path: [], what: 'is not a step: one key, the operation, with what it takes' };
  const [name, ...more] = Object.keys(value);
  if (name === undefined || more.length)
    return { path: [], what: 'is not a step: it must have one key, the operation' };
  const kind = kinds.get(name);
  if (!kind) return { path: [name], what: `is not an operation; ${otherKinds(name)}` };
  const given = longForm(kind, (value as Record<string, unknown>)[name]);
  const parsed = kind.schema.safeParse(given, IN_WORDS);
  if (parsed.success) return { step: { kind: name, step: parsed.data } as ScenarioStep };
  const issue = parsed.error.issues[0]!;
  return { path: [name, ...issue.path], what: issueText(issue, given) };
}
