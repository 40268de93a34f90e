import { stringify } from 'yaml';
import { type BootOptions, boot } from '../../src/boot/boot.ts';
import { BadOperation } from '../../src/errors/bad-operation.ts';
import { ImpossibleMachine } from '../../src/errors/impossible-machine.ts';
import { page_use, page_zonenum, USE } from '../../src/kernel/mm/page.ts';
import { IORESOURCE_BUSY } from '../../src/kernel/state.ts';
import type { Machine } from '../../src/machines/machine.ts';
import { findRelease } from '../../src/releases/index.ts';
import { parseScenario } from '../../src/scenarios/format/read.ts';
import { kindOf, parseStep, type ScenarioStep } from '../../src/scenarios/format/step-schema.ts';
import { runScenario, type StepOutcome } from '../../src/scenarios/running/run-scenario.ts';
import { Session } from '../../src/scenarios/running/session.ts';
import { pfnsOf } from '../../src/scenarios/steps/common/values.ts';
import { Prng } from '../../src/schedule/data/prng.ts';
import type { Failure } from '../../src/steps/failure.ts';
import { Here, type StepName } from './here.ts';
import { isDrawn, KINDS, THEMES } from './kinds.ts';
import { type DrawnMachine, drawMachine } from './machine.ts';

/** A random sequence of operations, each drawn for the state that the ones before it have left. */

/** A scenario as plain data. */
export interface Document {
  readonly machine: DrawnMachine;
  readonly release: string;
  readonly steps: readonly object[];
}

/** Something that must not happen, and the step it happened in, from 0. */
export interface Alarm {
  readonly step: number;
  readonly kind: Failure['kind'] | 'exception' | 'disagreement';
  readonly subjects: Failure['subjects'];
  readonly text: string;
  /** Of the step: success, an errno, BUG. */
  readonly result?: string;
}

export interface Played {
  readonly outcomes: readonly StepOutcome[];
  readonly alarms: readonly Alarm[];
  /** The model does not perform a step as written; the sequence ends before it. */
  readonly refused: string | null;
  /** Null if the machine cannot boot. */
  readonly session: Session | null;
}

export interface Walk extends Played {
  readonly document: Document;
}

/** The steps of a walk, at most. */
const MOST = 24;

/** Attempts to draw a step for which the state has something. */
const ATTEMPTS = 50;

const names = (Object.keys(KINDS) as StepName[]).filter((name) => isDrawn(KINDS[name]));

/** How much more often the kinds of a walk's theme are drawn. */
const EMPHASIS = 5;

/** What a walk is taken on, instead of any machine and with every kind of step. */
export interface Terrain {
  readonly machine: (prng: Prng) => DrawnMachine;
  /** Kinds that this terrain has none of are left out. */
  has(kind: StepName): boolean;
  /** Whether a step can be taken behind these. */
  takes(step: ScenarioStep, before: readonly ScenarioStep[], session: Session): boolean;
}

const ANYWHERE: Pick<Terrain, 'has' | 'takes'> = { has: () => true, takes: () => true };

/** The kinds, each as often as it weighs: every second walk has a theme. */
function lot(prng: Prng, { has }: Pick<Terrain, 'has'>): StepName[] {
  const theme = prng.below(2) ? prng.pick(THEMES) : [];
  return names.filter(has).flatMap((name) => {
    const kind = KINDS[name];
    const weight = isDrawn(kind) ? kind.weight * (theme.includes(name) ? EMPHASIS : 1) : 0;
    return Array.from({ length: weight }, () => name);
  });
}

/** One step as a file has it, that release and machine can perform; null after too many attempts. */
function drawStep(
  here: Here,
  names: readonly StepName[],
  takes: (step: ScenarioStep) => boolean,
): { readonly written: object; readonly step: ScenarioStep } | null {
  for (let i = 0; i < ATTEMPTS; i++) {
    const name = here.pick(names);
    const kind = KINDS[name];
    const drawn = isDrawn(kind) ? kind.draw(here) : null;
    if (drawn === null) continue;
    const takesResult = 'expect' in kindOf(name).schema.shape;
    const written = { [name]: takesResult ? { ...drawn, expect: 'any' } : drawn };
    const parsed = parseStep(written);
    if (!('step' in parsed)) throw new Error(`${JSON.stringify(written)}: ${parsed.what}`);
    if (kindOf(name).lacks?.(here.session, parsed.step.step) || !takes(parsed.step)) continue;
    return { written, step: parsed.step };
  }
  return null;
}

/** Runs the steps that `next` gives, until it gives none, a step cannot be performed, or an alarm ends the sequence. */
function drive(
  document: Document,
  options: BootOptions,
  begin: (session: Session) => () => ScenarioStep | null,
): Played {
  const text = stringify({ ...document, steps: [{ page: { start: 0 } }] });
  const scenario = parseScenario(text, 'walk');
  const steps: ScenarioStep[] = [];
  const outcomes: StepOutcome[] = [];
  const alarms: Alarm[] = [];
  let session: Session | null = null;
  let refused: string | null = null;
  try {
    session = new Session(boot(scenario.machine as Machine, findRelease(document.release)!, options));
    const next = begin(session);
    // the runner takes each step when it comes to it
    const run = runScenario({ ...scenario, steps, lines: [] }, session);
    for (let step = next(); step !== null; step = next()) {
      steps.push(step);
      const { value } = run.next();
      const outcome = value as StepOutcome;
      outcomes.push(outcome);
      alarms.push(...alarmsOf(outcome, session, step));
      if (outcome.result === 'BUG' || alarms.some(({ kind }) => kind !== 'warn')) break;
    }
  } catch (error) {
    if (error instanceof BadOperation || error instanceof ImpossibleMachine) refused = error.message;
    else alarms.push(exception(error, steps.length - 1, steps.at(-1)?.kind));
  }
  return { outcomes, alarms, refused, session };
}

/** After a BUG nothing is as it should be: what is found then is no other defect. */
function alarmsOf(
  { index, failures, result, messages }: StepOutcome,
  session: Session,
  step: ScenarioStep,
): Alarm[] {
  const bugs = failures.filter(({ kind }) => kind === 'bug');
  return (bugs.length ? bugs : failures).map(({ kind, subjects, text }) => {
    const what = kind === 'hang' ? { ...subjects, what: hangsOn(session, messages, step) } : subjects;
    return { step: index, kind, subjects: what, text, result };
  });
}

/** Why an offline does not end. */
function hangsOn({ kernel: { c }, state }: Session, messages: readonly string[], step: ScenarioStep): string {
  const uses = new Set<number>();
  for (const { value } of state.pages.in(0, Number.MAX_SAFE_INTEGER)) {
    if (page_zonenum(value) === c.ZONE_MOVABLE) uses.add(page_use(value));
    if (page_use(value) === USE.OFFLINE_NOREF) uses.add(USE.OFFLINE_NOREF);
  }
  if (uses.has(USE.UNMOVABLE) || uses.has(USE.OFFLINE_REF)) return 'pinned in ZONE_MOVABLE';
  if (uses.has(USE.OFFLINE_NOREF)) return 'PageOffline without a reference';
  const ram = busySystemRam(state.iomem_resource);
  const size = c.memory_block_size_bytes;
  const bare = [...state.memory_block].some(
    ([id, block]) =>
      !block.offline && !ram.some(({ start, end }) => start < (id + 1) * size && id * size <= end),
  );
  if (bare) return 'no System RAM';
  const full = messages.some((text) => text.startsWith('migrating pfn')) || hasNoRoom(state, c, step);
  return full ? 'nowhere to migrate to' : 'something else';
}

/**
 * Whether an online block has more movable pages than are free elsewhere. Blocks that offline_and_remove_memory() had
 * taken offline are online again when it has failed: they are not elsewhere.
 */
function hasNoRoom(
  { pages, memory_block }: Session['state'],
  c: Session['kernel']['c'],
  step: ScenarioStep,
): boolean {
  const size = c.memory_block_size_bytes / c.PAGE_SIZE;
  const isFree = (page: number): boolean => page_use(page) === USE.FREE;
  const free = pages.total(0, Number.MAX_SAFE_INTEGER, isFree);
  const [from, to] = step.kind === 'offline_and_remove' ? pfnsOf(step.step, c.PAGE_SIZE) : [0, 0];
  return [...memory_block].some(([id, { offline }]) => {
    const [first, end] = [id * size, (id + 1) * size];
    const movable = pages.total(first, end, (page) => page_use(page) === USE.MOVABLE);
    const isUndone = from <= first && end <= to;
    const here = isUndone ? pages.total(from, to, isFree) : pages.total(first, end, isFree);
    return !offline && movable > free - here;
  });
}

const busySystemRam = (res: Session['state']['iomem_resource']): { start: number; end: number }[] => [
  ...(res.name.startsWith('System RAM') && res.flags & IORESOURCE_BUSY ? [res] : []),
  ...res.children.flatMap(busySystemRam),
];

function exception(error: unknown, step: number, operation = 'boot'): Alarm {
  const { message, stack = '' } = error as Error;
  const [where = ''] = stack.split('\n').filter((line) => /^\s+at /.test(line));
  const fn = /at (?:Object\.|\w+\.)?([\w$.]+)/.exec(where)?.[1] ?? 'unknown';
  return { step, kind: 'exception', subjects: { message, operation, function: fn }, text: stack };
}

/** Plays a scenario again. */
export function play(document: Document, options: BootOptions = {}): Played {
  return drive(document, options, () => {
    const steps = document.steps.map(parseStep);
    let i = 0;
    return () => {
      const parsed = steps[i++];
      if (parsed === undefined) return null;
      if (!('step' in parsed)) throw new Error(parsed.what);
      return parsed.step;
    };
  });
}

/** A different number for every seed and index. */
const mixed = (seed: number, index: number): number =>
  Math.imul(seed + 1, 0x9e3779b1) ^ Math.imul(index + 1, 0x85ebca6b);

export interface WalkOptions {
  readonly seed: number;
  /** The number of the walk among those of the seed. */
  readonly index: number;
  readonly release: string;
  readonly arch?: 'arm64' | 'x86_64' | undefined;
  readonly terrain?: Terrain;
}

/** One random walk: the same options give the same one. */
export function takeWalk({ seed, index, release, arch, terrain }: WalkOptions): Walk {
  const prng = new Prng(mixed(seed, index));
  const machine = terrain?.machine(prng) ?? drawMachine(prng, release, arch);
  const { has, takes } = terrain ?? ANYWHERE;
  const steps: object[] = [];
  const taken: ScenarioStep[] = [];
  const most = 3 + prng.below(MOST - 2);
  const played = drive({ machine, release, steps: [] }, {}, (session) => {
    const here = new Here(session, prng, release);
    const kinds = lot(prng, { has });
    return () => {
      const next = steps.length < most ? drawStep(here, kinds, (step) => takes(step, taken, session)) : null;
      if (next === null) return null;
      steps.push(next.written);
      taken.push(next.step);
      here.note(next.step.kind, next.step.step);
      return next.step;
    };
  });
  const done = played.refused === null ? steps : steps.slice(0, -1);
  return { ...played, document: { machine, release, steps: done } };
}
