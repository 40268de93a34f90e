import { z } from 'zod';
import { InputError, quote } from '../../errors/input-error.ts';
import { IN_WORDS, placeOf } from '../text/zod-place.ts';
import { FORMS, OUTCOME } from './op-forms.ts';

/**
 * The contents of ops.json: a summary of the machine, and the operations of each step in order. A reader that does not
 * know an operation, a key or a value leaves out just that, and says so.
 */

/** A key that is not read, and the reason. */
export interface Unread {
  readonly key: string;
  readonly why: string;
}

/** An operation that cannot be performed: its name is unknown, or what it asks for cannot be read. */
export interface UnreadOp {
  readonly op: 'unread';
  /** Its name in the recording, quoted and cut; empty if it has none. */
  readonly name: string;
  readonly why: string;
  readonly unread: readonly Unread[];
}

type Outcome = Partial<z.infer<z.ZodObject<typeof OUTCOME>>>;
type OpOf<F> = F extends { request: infer R extends z.ZodObject; outcome: infer O extends z.ZodRawShape }
  ? z.infer<R> & Partial<z.infer<z.ZodObject<O>>> & Outcome & { readonly unread: readonly Unread[] }
  : never;

/** An operation that can be performed; `op` is its kind, `unread` what is not known of it. */
export type Op = OpOf<(typeof FORMS)[number]>;
/** Kinds of operations. */
export type OpKind = Op['op'];

export interface RecordedStep {
  /** The step's directory: NN-label. */
  readonly dir: string;
  readonly ops: readonly (Op | UnreadOp)[];
  readonly unread: readonly Unread[];
}

export interface RecordedOps {
  readonly arch: 'arm64' | 'x86_64';
  /** uname -r. */
  readonly kernel: string;
  /** Bytes. */
  readonly page_size: 4096 | 16384 | 65536;
  /** Undefined if it was not recorded. */
  readonly cmdline?: string;
  readonly steps: readonly RecordedStep[];
  readonly unread: readonly Unread[];
}

/** What no replay can do without. */
const machine = z.object({
  schema: z.literal('mhp-recording/1'),
  arch: z.enum(['arm64', 'x86_64']),
  kernel: z.string().max(65_536),
  page_size: z.union([z.literal(4096), z.literal(16384), z.literal(65536)]),
  steps: z.array(z.looseObject({ dir: z.string().regex(/^[^/\0]{1,255}$/), ops: z.unknown() })).max(10_000),
});

const forms: ReadonlyMap<string, (typeof FORMS)[number]> = new Map(
  FORMS.map((form) => [form.request.shape.op.value, form]),
);

/** The kernel's command line, without which its boot options are unknown. */
const CMDLINE = z.string().max(65_536);

const UNKNOWN_KEY = 'unknown key';

function unknownKeys(object: object, known: readonly string[]): Unread[] {
  return Object.keys(object)
    .filter((key) => !known.includes(key))
    .map((key) => ({ key, why: UNKNOWN_KEY }));
}

const unreadOp = (name: string, why: string): UnreadOp => ({ op: 'unread', name, why, unread: [] });

function parseOp(value: unknown): Op | UnreadOp {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return unreadOp('', 'the operation is not an object');
  const { op: name } = value as { op?: unknown };
  if (typeof name !== 'string') return unreadOp('', 'the operation has no name');
  const form = forms.get(name);
  if (form === undefined) return unreadOp(quote(name), 'unknown operation');
  const request = form.request.safeParse(value, IN_WORDS);
  if (!request.success) {
    const { path, what } = placeOf(request.error, value);
    return unreadOp(name, `${path}: ${what}`);
  }
  const parts: Readonly<Record<string, z.ZodType>> = { ...OUTCOME, ...form.outcome };
  const outcome: Record<string, unknown> = {};
  const unread = unknownKeys(value, [...Object.keys(form.request.shape), ...Object.keys(parts)]);
  for (const [key, part] of Object.entries(parts)) {
    const recorded = (value as Readonly<Record<string, unknown>>)[key];
    if (recorded === undefined) continue;
    const parsed = part.safeParse(recorded, IN_WORDS);
    if (parsed.success) outcome[key] = parsed.data;
    else unread.push({ key, why: placeOf(parsed.error).what });
  }
  return { ...request.data, ...outcome, unread } as Op;
}

const MAX_OPS = 10_000;

function parseStep({ dir, ops, ...more }: { readonly dir: string; readonly ops?: unknown }): RecordedStep {
  const unread = unknownKeys(more, []);
  if (!Array.isArray(ops))
    return { dir, ops: [unreadOp('', 'the operations of the step are not a list')], unread };
  const read = ops.slice(0, MAX_OPS).map(parseOp);
  if (ops.length > MAX_OPS) read.push(unreadOp('', `the step has more than ${MAX_OPS} operations`));
  return { dir, ops: read, unread };
}

/**
 * Parses the text of an ops.json (schema `mhp-recording/1`). What it does not know, it names as unread.
 * @throws InputError naming the place ("steps[3].dir") if it is no such file, or lacks what a replay needs
 */
export function parseOps(text: string, file: string, place = 'ops.json'): RecordedOps {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new InputError(file, place, `is not JSON: ${(error as Error).message}`);
  }
  const parsed = machine.safeParse(value, IN_WORDS);
  if (!parsed.success) {
    const { path, what } = placeOf(parsed.error, value);
    throw new InputError(file, path === '' ? place : `${place} ${path}`, what);
  }
  const { schema: _, steps, ...known } = parsed.data;
  const seen = new Set<string>();
  for (const [i, step] of steps.entries()) {
    if (step.dir === '.' || step.dir === '..' || seen.has(step.dir)) {
      throw new InputError(
        file,
        `${place} steps[${i}].dir`,
        `${JSON.stringify(step.dir)} is not a new directory name`,
      );
    }
    seen.add(step.dir);
  }
  const unread = unknownKeys(value as object, [...Object.keys(machine.shape), 'cmdline']);
  const cmdline = CMDLINE.safeParse((value as { readonly cmdline?: unknown }).cmdline, IN_WORDS);
  if (!cmdline.success)
    unread.push({ key: 'cmdline', why: `${placeOf(cmdline.error).what}: boot options are unknown` });
  return {
    ...known,
    ...(cmdline.success && { cmdline: cmdline.data }),
    steps: steps.map(parseStep),
    unread,
  };
}
