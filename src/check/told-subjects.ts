import { entrySize } from '../geometry/translation.ts';
import { VALID } from '../hardware/descriptor/descriptor.ts';
import type { TlbiOp } from '../hardware/tlb/tlbi.ts';
import type { About, AboutEntry } from '../interleave/about.ts';
import type { Config } from '../kernel/config.ts';
import { type KernelOperation, telling_of } from '../kernel/operation.ts';
import type { Story, StoryEvent } from '../schedule/replay/replay.ts';
import { type Failure, type Subjects, TABLE_FAILURES } from '../steps/failure.ts';

/** The subjects that only a failure's story tells: the actors, and the earlier operations on the page or address. */
export const TOLD_SUBJECTS = [
  'thread',
  'function',
  'operation',
  'freed_by',
  'unmapped_by',
  'meanwhile',
  'invalidated',
  'read_again',
] as const satisfies readonly (keyof Subjects)[];

/** A failure of threads with the subjects that its story tells. */
export function told(failure: Failure, story: Story, c: Config): Failure {
  const last = story.events.at(-1);
  const stepwise = last?.fault !== undefined || (TABLE_FAILURES as readonly string[]).includes(failure.kind);
  if (last === undefined || !stepwise) return failure;
  const { pfn, va } = failure.subjects;
  return {
    ...failure,
    subjects: {
      ...named({
        thread: story.threads[last.thread],
        function: last.step?.by?.at(-1)?.fn,
        operation: operationOf(last),
        meanwhile: operationOf(story.events.findLast(({ thread }) => thread !== last.thread)),
        freed_by: pfn === undefined ? undefined : operationOf(story.events.findLast(frees(pfn))),
        read_again: failure.kind === 'bug' ? readAgain(story, last.thread) : undefined,
        ...(va === undefined ? {} : ofAddress(story, c, va, failure.kind)),
      }),
      ...failure.subjects,
    },
  };
}

const named = (subjects: { readonly [K in keyof Subjects]: Subjects[K] | undefined }): Subjects =>
  Object.fromEntries(Object.entries(subjects).filter(([, value]) => value !== undefined));

const operationOf = (event: StoryEvent | undefined): string | undefined => event?.step?.by?.[0]?.fn;

const frees =
  (pfn: number) =>
  ({ step, result }: StoryEvent): boolean => {
    const telling = telling_of(step, result);
    if (telling?.kind !== 'freed') return false;
    const { pages } = telling;
    return pages.pfn <= pfn && pfn < pages.pfn + pages.nr_pages;
  };

/** Whether the call of the thread's last read had read the same before, and has thus gone round a loop. */
function readAgain(story: Story, thread: number): boolean {
  const reads = story.events.filter((event) => event.thread === thread && event.step?.op === 'read');
  const call = reads.at(-1)?.step?.by?.at(-1)?.nr;
  const times = new Map<string, number>();
  for (const { step } of reads) {
    if (step?.op !== 'read' || step.by?.at(-1)?.nr !== call) continue;
    const place = `${step.obj} ${step.key} ${step.field}`;
    times.set(place, (times.get(place) ?? 0) + 1);
  }
  return times.size > 0 && [...times.values()].every((n) => n > 1);
}

/** Failures about what CPUs may still hold. */
const HELD: ReadonlySet<string> = new Set<Failure['kind']>(['free-pages', 'walk-caches', 'in-flight']);

/** The earlier steps on the entries that translate an address. */
function ofAddress(story: Story, c: Config, va: number, kind: Failure['kind']): Subjects {
  const cleared = story.events.findLastIndex(clears(c, va));
  if (kind === 'bug')
    return { unmapped_by: cleared < 0 ? 'nobody' : (operationOf(story.events[cleared]) ?? 'nobody') };
  if (cleared < 0 || !HELD.has(kind)) return {};
  return { invalidated: invalidated(c, story.events.slice(cleared + 1), va, kind !== 'free-pages') };
}

const aboutEntry = ({ about }: StoryEvent): AboutEntry | undefined => {
  const known = about as About | undefined;
  return known?.kind === 'entry' ? known : undefined;
};

/** Whether the step removes a valid entry that translates the address. */
const clears =
  (c: Config, va: number) =>
  (event: StoryEvent): boolean => {
    const { step } = event;
    const entry = aboutEntry(event);
    if (!entry?.place || step?.op !== 'call') return false;
    if (!(step.operation as KernelOperation).entries?.(...step.args)?.write) return false;
    const size = entrySize(c.t, entry.place.depth);
    return (entry.before.attr & VALID) !== 0 && entry.place.va <= va && va < entry.place.va + size;
  };

/** How these steps invalidated the address; they begin after its entry was cleared. */
function invalidated(
  c: Config,
  events: readonly StoryEvent[],
  va: number,
  table: boolean,
): NonNullable<Subjects['invalidated']> {
  const page = Math.floor(va / c.PAGE_SIZE) * c.PAGE_SIZE;
  const at = events.findIndex((event) => {
    const op = tlbiOf(event);
    if (!op) return false;
    if (op.by === 'all') return true;
    const first = Math.floor(op.va! / c.PAGE_SIZE) * c.PAGE_SIZE;
    return first <= page && page < first + (op.pages ?? 1) * c.PAGE_SIZE;
  });
  if (at < 0) return 'no';
  const op = tlbiOf(events[at]!)!;
  if (c.arch === 'x86_64' && !op.broadcast) return 'on one CPU';
  if (table && op.by !== 'all' && op.last_level) return 'leaves only';
  if (c.arch === 'x86_64') return 'yes';
  if (!events.slice(0, at).some(isDsb)) return 'before a barrier';
  return events.slice(at + 1).some(isDsb) ? 'yes' : 'not waited for';
}

const isDsb = ({ step, result }: StoryEvent): boolean => telling_of(step, result)?.kind === 'dsb';

function tlbiOf({ step, result }: StoryEvent): TlbiOp | undefined {
  const telling = telling_of(step, result);
  return telling?.kind === 'tlbi' ? telling.op : undefined;
}
