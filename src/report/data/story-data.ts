import type { KernelWorld } from '../../interleave/kernel-machine.ts';
import type { Violation } from '../../schedule/monitors/monitor.ts';
import type { Story } from '../../schedule/replay/replay.ts';
import type { View } from '../../schedule/semantics/view.ts';
import type { PlacedStep, SourceLine } from '../../steps/within.ts';
import { eventText } from '../run/step-text.ts';
import type { ToldEvent } from '../story/clauses.ts';
import { kernelStory } from '../story/story.ts';
import { isKernelStory, toldKernel } from '../story/told.ts';
import { kernelWhy, kernelWhyText } from '../story/why.ts';
import { type WhyPart, whyPartSteps, whyPartText } from '../story/why-parts.ts';
import { programWhy } from '../trace/why.ts';
import { type Delta, deltaOf, type Snapshot } from './delta.ts';
import { hexText, plainValue } from './plain.ts';
import { type EntryRange, kernelScope, programScope, type Scope } from './story-scope.ts';
import { StoryStates } from './story-state.ts';

/** One step of a story. Addresses are strings in hexadecimal, pfns as well. */
export interface StoryStep {
  readonly number: number;
  readonly thread: string;
  readonly text: string;
  /** What the thread asked for; null at its end. */
  readonly step: Readonly<Record<string, unknown>> | null;
  /** The calls in which it was taken, the outermost first; `nr` tells calls of one function apart. */
  readonly in: readonly { readonly nr: number; readonly function: string }[];
  /** The line of C that took it, if one did. */
  readonly line: SourceLine | null;
  readonly outcome: number;
  readonly result: unknown;
  readonly before: unknown;
  readonly announced: boolean;
  readonly preemption: boolean;
  readonly fault: unknown;
  readonly notice: unknown;
  /** Whether it changed what other threads can see; whether it is bookkeeping; whether the thread knew the value already. */
  readonly effect: boolean;
  readonly minor: boolean;
  readonly repeat: boolean;
  readonly deed: string | null;
  readonly pfns: readonly { readonly pfn: string; readonly nr_pages: number }[];
  /** The page table entry accessed: its name, its physical address, and the range that it translates. */
  readonly entry: {
    readonly name: string;
    readonly pa: string;
    readonly va: string | null;
    readonly size: number | null;
  } | null;
  /** What it changed, see {@link Snapshot}. */
  readonly delta: Delta;
}

/** A line of the told story: a heading, or consecutive steps. */
export interface StoryRow {
  readonly kind: 'switch' | 'statement' | 'steps';
  readonly text: string;
  readonly label: string | null;
  readonly thread: string;
  readonly first: number;
  readonly last: number;
}

export interface StoryWhy extends Readonly<Record<string, unknown>> {
  readonly kind: WhyPart['kind'];
  readonly text: string;
  /** The steps that it names. */
  readonly steps: readonly number[];
}

/** A story as data, for views and other programs. */
export interface StoryData {
  readonly schema: 'mhp-story/1';
  readonly program: string;
  readonly token: string;
  /** Each thread runs on a CPU of its own. */
  readonly threads: readonly { readonly name: string; readonly cpu: number }[];
  /** Null for a program without page tables. */
  readonly tables: {
    readonly arch: string;
    readonly page_size: number;
    readonly va_bits: number;
    readonly levels: readonly string[];
    readonly cpus: number;
  } | null;
  readonly violation: Violation | null;
  readonly preemptions: number;
  readonly why: readonly StoryWhy[];
  readonly rows: readonly StoryRow[];
  /** Page table entries in the snapshots, by physical address: their place. */
  readonly entries: readonly {
    readonly pa: string;
    readonly n: number;
    readonly table: string;
    readonly level: string | null;
    readonly index: number;
    readonly va: string | null;
  }[];
  /** The state before the first step, in groups: threads, locks, entries, held, fresh, pages, fields, vmap_areas, iomem. */
  readonly initial: Snapshot;
  readonly steps: readonly StoryStep[];
}

const stateOf = (view: View) => view.world<KernelWorld>().state;

/** What a story's snapshots are about, and the maker of snapshots. */
export function storyStates(story: Story): { readonly scope: Scope; readonly states: StoryStates } {
  if (!isKernelStory(story)) {
    const scope = programScope(story);
    return { scope, states: new StoryStates(scope, () => undefined) };
  }
  const scope = kernelScope(toldKernel(story), story.states.map(stateOf));
  return { scope, states: new StoryStates(scope, stateOf) };
}

/** A story as data. */
export function storyData(story: Story, token: string): StoryData {
  const kernel = isKernelStory(story);
  const { scope, states } = storyStates(story);
  const events: readonly (Story['events'][number] & Partial<ToldEvent>)[] = kernel
    ? toldKernel(story)
    : story.events;
  let before = states.at(story.states[0]!);
  const initial = before;
  const t = kernel ? stateOf(story.end).mmu?.t : undefined;
  return {
    schema: 'mhp-story/1',
    program: story.program,
    token,
    threads: story.threads.map((name, cpu) => ({ name, cpu })),
    tables: t
      ? {
          arch: t.arch,
          page_size: 2 ** t.page_shift,
          va_bits: t.va_bits,
          levels: t.name,
          cpus: stateOf(story.end).mmu!.cpus,
        }
      : null,
    violation: story.violation ? (plainValue(story.violation) as Violation) : null,
    preemptions: story.events.filter(({ preempts }) => preempts).length,
    why: whyData(story, kernel),
    rows: kernel ? kernelRows(story) : programRows(story),
    entries: scope.entries.map((entry) => entryPlace(entry, t?.name)),
    initial,
    steps: events.map((event, i) => {
      const after = states.at(story.states[i + 1]!);
      const delta = deltaOf(before, after);
      before = after;
      return stepData(story, event, delta);
    }),
  };
}

function whyData(story: Story, kernel: boolean): StoryWhy[] {
  const parts = kernel ? kernelWhy(story, toldKernel(story)) : programWhy(story);
  return parts.map((part) => ({
    ...(plainValue('pfn' in part ? { ...part, pfn: hexText(part.pfn) } : part) as WhyPart),
    text: kernel ? kernelWhyText(story, part) : whyPartText(part),
    steps: whyPartSteps(part),
  }));
}

function kernelRows(story: Story): StoryRow[] {
  const { lines } = kernelStory(story);
  const first = (i: number): number => {
    const next = lines.slice(i).find((line) => line.kind === 'steps');
    return next?.kind === 'steps' ? next.events[0]!.number : story.events.length;
  };
  return lines.map((line, i): StoryRow => {
    const from = first(i);
    const thread = story.threads[story.events[from - 1]!.thread]!;
    if (line.kind !== 'steps')
      return { kind: line.kind, text: line.text, label: null, thread, first: from, last: from };
    return {
      kind: 'steps',
      text: line.text,
      label: line.label === '' ? null : line.label,
      thread,
      first: from,
      last: line.events.at(-1)!.number,
    };
  });
}

const programRows = (story: Story): StoryRow[] =>
  story.events.map((event) => ({
    kind: 'steps',
    text: eventText(event),
    label: null,
    thread: story.threads[event.thread]!,
    first: event.number,
    last: event.number,
  }));

const entryPlace = ({ pa, n, pfn, index, depth, va }: EntryRange, levels: readonly string[] | undefined) => ({
  pa: hexText(pa),
  n,
  table: hexText(pfn),
  level: depth === null ? null : (levels?.[depth] ?? null),
  index,
  va: va === null ? null : hexText(va),
});

/** What a step asks for: a call with the name of its operation and its arguments. */
function askData(step: PlacedStep | undefined): Readonly<Record<string, unknown>> | null {
  if (step === undefined) return null;
  if (step.op === 'call')
    return {
      op: 'call',
      operation: step.operation.name,
      on: step.operation.obj,
      args: step.args.map((arg) => plainValue(arg)),
    };
  const { by, line, ...bare } = step;
  const snake = (name: string): string => name.replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`);
  return Object.fromEntries(Object.entries(bare).map(([name, value]) => [snake(name), plainValue(value)]));
}

/** Without the text: a file of results holds no line of a kernel. */
function placeOf(line: SourceLine | undefined): SourceLine | null {
  if (!line) return null;
  const { text: _, ...place } = line;
  return place;
}

function stepData(
  story: Story,
  event: Story['events'][number] & Partial<ToldEvent>,
  delta: Delta,
): StoryStep {
  const { told, stale, step } = event;
  const { covers } = told ?? {};
  return {
    number: event.number,
    thread: story.threads[event.thread]!,
    text: told?.text ?? eventText(event),
    step: askData(step),
    in: (step?.by ?? []).map(({ nr, fn }) => ({ nr, function: fn })),
    line: placeOf(step?.line),
    outcome: event.outcome,
    result: plainValue(event.result),
    before: plainValue(event.before),
    announced: event.again,
    preemption: event.preempts,
    fault: plainValue(event.fault),
    notice: plainValue(event.notice),
    effect: told?.effect ?? step?.op !== 'read',
    minor: told?.minor ?? false,
    repeat: stale ?? false,
    deed: told?.deed ?? null,
    pfns: (told?.pfns ?? []).map(({ pfn, nr_pages }) => ({ pfn: hexText(pfn), nr_pages })),
    entry:
      told?.name === undefined
        ? null
        : {
            name: told.name,
            pa: hexText(told.pa!),
            va: covers ? hexText(covers.va) : null,
            size: covers?.size ?? null,
          },
    delta,
  };
}
