import type { Model } from '../../boot/boot.ts';
import { copyState, type Part } from '../../interleave/copy.ts';
import { encodePart } from '../../interleave/encode.ts';
import type { Config } from '../../kernel/config.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import { SECTION_NR_TO_ROOT } from '../../kernel/pfn.ts';
import type { State } from '../../kernel/state.ts';
import { Prng } from '../../schedule/data/prng.ts';
import { Runner, type RunOutcome } from '../../schedule/runner.ts';
import type { Steps } from '../../steps/step.ts';
import { sourceKernel } from '../kernel.ts';
import type { SourceProgram } from '../program.ts';
import { comparable, type DifferenceCounts } from './differences.ts';
import { type CompareEvent, eventOf } from './events.ts';
import { RandomOperations } from './operations.ts';
import type { RandomOperation } from './random-operation.ts';

/** The first place at which the model and the C do not agree in an operation. */
export interface Disagreement {
  /** The number of the operation, from 1. */
  readonly nr: number;
  readonly operation: string;
  /** Injected before it: "the 2nd allocation of pgtable fails". */
  readonly injected: string;
  readonly what: 'steps' | 'result' | 'state';
  /** Both sides, from shortly before the place on. */
  readonly model: readonly string[];
  readonly source: readonly string[];
}

export interface CompareResult {
  readonly operations: number;
  readonly agree: number;
  /** By function: operations. */
  readonly functions: Readonly<Record<string, number>>;
  /** Steps compared, of the C's side. */
  readonly steps: number;
  /** Events passed over on each side, by the name of the difference. */
  readonly passed: { readonly model: DifferenceCounts; readonly source: DifferenceCounts };
  readonly disagreements: readonly Disagreement[];
}

/** An operation that ran on the model or on the C. */
export interface Side {
  readonly events: readonly CompareEvent[];
  readonly outcome: RunOutcome<unknown>;
  readonly state: State;
  /** Whether the allocation that was to fail was asked for. */
  readonly failed: boolean;
}

/**
 * What the model counts before it frees a page, and the boundary when the C has looked at the page: not compared, as
 * nr_vmemmap_pages, where that look is a BUG.
 */
const COUNTED_AS_FREED: readonly Part[] = ['table_pages', 'table_level'];

/** Lines of each side that a disagreement shows. */
const SHOWN = 6;

/**
 * Runs random operations on the model's functions and on the C of a bundle, each from the same state, and compares
 * their steps, results and final states. The next operation begins in the state that the model's functions left.
 */
export function compareRandom(
  { kernel, state: initial }: Pick<Model, 'kernel' | 'state'>,
  program: SourceProgram,
  options: {
    readonly operations: number;
    readonly seed: number;
    /** Stop after so many disagreements. */
    readonly most: number;
    readonly progress?: (done: number) => void;
  },
): CompareResult {
  const source = sourceKernel(kernel, program, { alone: true });
  const draw = new RandomOperations(new Prng(options.seed), kernel, program);
  const functions: Record<string, number> = {};
  const passed: CompareResult['passed'] = { model: {}, source: {} };
  const disagreements: Disagreement[] = [];
  let state = initial;
  let [nr, steps] = [0, 0];
  while (nr < options.operations && disagreements.length < options.most) {
    nr++;
    const operation = draw.next(state);
    functions[operation.fn] = (functions[operation.fn] ?? 0) + 1;
    const model = runSide(state, kernel, operation);
    const other = runSide(state, source, operation);
    steps += other.events.length;
    const found = disagreement(model, other, passed, kernel.c.PAGE_SIZE);
    if (found)
      disagreements.push({ nr, operation: operation.text, injected: injectedText(operation), ...found });
    // a kernel that has hit a BUG is no state to go on from
    if (model.outcome.ended === 'returned') state = model.state;
    options.progress?.(nr);
  }
  const agree = nr - disagreements.length;
  return { operations: nr, agree, functions, steps, passed, disagreements };
}

function injectedText({ failure }: RandomOperation): string {
  if (!failure) return '';
  const { site, after, times } = failure;
  return `after ${after} allocations of ${site}, ${times} fail`;
}

/** Runs an operation on a copy of a state. */
export function runSide(from: State, kernel: Kernel, operation: RandomOperation): Side {
  const state = copyState(from);
  const vars = state.vars.get(0)!;
  const { failure } = operation;
  if (failure) {
    vars.fail_alloc = { [failure.site]: failure.times };
    vars.fail_after = { [failure.site]: failure.after };
  }
  const events: CompareEvent[] = [];
  const outcome = new Runner(state).run(recorded(operation.call(kernel), events, kernel.c, state));
  const failed = failure !== null && (vars.fail_alloc[failure.site] ?? 0) < failure.times;
  vars.fail_alloc = {};
  vars.fail_after = {};
  return { events, outcome, state, failed };
}

function* recorded<T>(steps: Steps<T>, events: CompareEvent[], c: Config, state: State): Steps<T> {
  const hasRoot = (of: { readonly root: number } | { readonly section: number }): boolean =>
    state.mem_section_root.has('root' in of ? of.root : SECTION_NR_TO_ROOT(c, of.section));
  let result: unknown;
  for (;;) {
    const next = steps.next(result);
    if (next.done) return next.value;
    const found = eventOf(next.value, c.PAGE_SIZE, hasRoot);
    if (found) events.push(found);
    result = yield next.value;
    if (found?.span !== undefined && !found.written) found.value = result;
  }
}

/** The first place at which both sides do not agree; undefined if they do. */
export function disagreement(
  model: Side,
  source: Side,
  passed: CompareResult['passed'],
  pageSize: number,
): Pick<Disagreement, 'what' | 'model' | 'source'> | undefined {
  const [a, b] = [
    comparable(model.events, passed.model, pageSize).map(({ text }) => text),
    comparable(source.events, passed.source, pageSize).map(({ text }) => text),
  ];
  const at = firstDifference(a, b);
  if (at >= 0) {
    const from = Math.max(0, at - 2);
    return { what: 'steps', model: a.slice(from, from + SHOWN), source: b.slice(from, from + SHOWN) };
  }
  const [one, two] = [resultText(model.outcome), resultText(source.outcome)];
  if (one !== two) return { what: 'result', model: [one], source: [two] };
  const broken = [violationTexts(model.state), violationTexts(source.state)] as const;
  const rules = firstDifference(...broken);
  if (rules >= 0)
    return {
      what: 'state',
      model: broken[0].slice(rules, rules + SHOWN),
      source: broken[1].slice(rules, rules + SHOWN),
    };
  for (const side of [model, source]) prepare(side);
  forgetZeroed(model.state, source.state);
  forgetZeroed(source.state, model.state);
  const returned = model.outcome.ended === 'returned';
  const parts = (Object.keys(model.state) as Part[]).filter(
    (part) =>
      (returned || !COUNTED_AS_FREED.includes(part)) &&
      encodePart(part, model.state[part]) !== encodePart(part, source.state[part]),
  );
  if (parts.length === 0) return undefined;
  return { what: 'state', model: parts, source: parts };
}

/** The rules of the architecture that the operation has broken; what adjoins is one. */
function violationTexts({ mmu }: State): readonly string[] {
  const ranges: { rule: string; va: number; end: number }[] = [];
  for (const { rule, va, size } of [...(mmu?.violations ?? [])].sort((a, b) =>
    a.rule < b.rule ? -1 : a.rule > b.rule ? 1 : a.va - b.va,
  )) {
    const last = ranges.at(-1);
    if (last?.rule === rule && va <= last.end) last.end = Math.max(last.end, va + size);
    else ranges.push({ rule, va, end: va + size });
  }
  return ranges.map(({ rule, va, end }) => `${rule} ${va} ${end}`);
}

/** Leaves out of a final state what is compared before, and what the model does not have or only counts for itself. */
function prepare({ state, outcome }: Side): void {
  if (state.mmu) state.mmu.violations.length = 0;
  const vars = state.vars.get(0)!;
  vars.warned = vars.warned.filter((where) => where !== 'vmemmap_verify');
  if (outcome.ended !== 'returned') vars.nr_vmemmap_pages = 0;
}

/** Sections of a root that are zero, which the other side does not have an object for. */
function forgetZeroed({ mem_section }: State, other: State): void {
  for (const [nr, { section_mem_map, subsection_map }] of mem_section)
    if (section_mem_map === 0 && subsection_map === null && !other.mem_section.has(nr))
      mem_section.delete(nr);
}

function firstDifference(a: readonly string[], b: readonly string[]): number {
  for (let i = 0; i < Math.max(a.length, b.length); i++) if (a[i] !== b[i]) return i;
  return -1;
}

/** How a run ended; a function that returns nothing in the model returns 0 in C. */
const resultText = ({ ended, value }: RunOutcome<unknown>): string =>
  ended === 'returned' ? `returns ${value ?? 0}` : ended;
