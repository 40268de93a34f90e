import { z } from 'zod';
import {
  EXPLORER_FAILURES,
  type FailureKind,
  MEMMAP_FAILURES,
  STEP_FAILURES,
  type Subjects,
  TABLE_FAILURES,
} from './failure.ts';

/** How a scenario describes an expected failure: its kind, and the subjects that distinguish it from other failures. */

const text = z.string().min(1).max(1000);
const texts = z.array(z.string()).max(1000);
const number = z.number();
const anything = z.union([z.string(), z.number(), z.boolean(), z.null()]);

const subjects = {
  thread: text,
  threads: texts,
  function: text,
  operation: text,
  meanwhile: text,
  freed_by: text,
  unmapped_by: text,
  invalidated: z.enum(['no', 'on one CPU', 'leaves only', 'before a barrier', 'not waited for', 'yes']),
  read_again: z.boolean(),
  message: text,
  object: text,
  objects: texts,
  field: text,
  lock: text,
  locks: texts,
  held: texts,
  holders: texts,
  cpus: z.array(number),
  pfn: number,
  nr_pages: number,
  va: number,
  pa: number,
  size: number,
  level: text,
  contiguous: z.boolean(),
  region: text,
  section: number,
  block: number,
  node: number,
  zone: text,
  invariant: text,
  what: text,
  access: z.enum(['read', 'write', 'free', 'execute', 'copy-from', 'copy-to', 'clear', 'return']),
  state: text,
  path: text,
  expected: anything,
  found: anything,
  count: number,
  bound: number,
  order: number,
  more: number,
  lines: texts,
} as const satisfies Readonly<Record<keyof Subjects, z.ZodType>>;

const subjectsSchema = z
  .strictObject(subjects)
  .partial()
  .meta({ description: 'What the failure is about, as far as it tells this failure from others' });

export type DescribedSubjects = z.infer<typeof subjectsSchema>;

/** A failure described by its kind and the subjects that identify it. */
export interface Described {
  readonly kind: FailureKind;
  readonly subjects?: DescribedSubjects | undefined;
  /** The beginning of the kernel's message, for failures that the kernel reports. */
  readonly text?: string | undefined;
}

const described = <K extends FailureKind>(kinds: readonly [K, ...K[]]) =>
  z.strictObject({
    kind: z.enum(kinds),
    subjects: subjectsSchema.optional(),
    text: text
      .optional()
      .meta({ description: 'How the message of the kernel begins, where that is the failure' }),
  });

const STEPS_OR_THREADS = [...new Set([...STEP_FAILURES, ...EXPLORER_FAILURES, ...TABLE_FAILURES])] as const;
type StepsOrThreads = (typeof STEPS_OR_THREADS)[number];

export const failureSchema = described(STEPS_OR_THREADS as unknown as [StepsOrThreads, ...StepsOrThreads[]]);
export const memFailureSchema = described(MEMMAP_FAILURES);
