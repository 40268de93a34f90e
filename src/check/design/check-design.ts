import { BadOperation } from '../../errors/bad-operation.ts';
import { NotModelled } from '../../kernel/kernel/runtime.ts';
import type { DesignedRelease } from '../../releases/design.ts';
import { hashText } from '../../schedule/data/canon.ts';
import { BadStep } from '../../schedule/program/bad-step.ts';
import { ReplayDiverged } from '../../schedule/replay/replay.ts';
import { explore } from '../../schedule/search/exploration.ts';
import { ThreadDiverged } from '../../schedule/semantics/unfold.ts';
import type { Step } from '../../steps/step.ts';
import { alikeKey } from '../alike.ts';
import { type CheckOptions, checkEntry } from '../check-entry.ts';
import type { Checked } from '../checked.ts';
import type { Entry, StepsEntry, ThreadsEntry } from '../entry.ts';
import { watched } from '../threads.ts';
import { DesignFault } from './design-fault.ts';
import { type Guard, guardDesign } from './guard.ts';

/** The result of an entry on a design: a verdict, or the reason why there is none. */
export type DesignChecked = Checked | { readonly verdict: 'stopped'; readonly reason: string };

/**
 * Limits far above the number of steps that any call of a kernel function takes in the catalogue: page by page, or in
 * an explored entry.
 */
const MAX_STEPS = { steps: 2_000_000, threads: 100_000 };

/** By function of a design: the steps that it and its callees take, as a number and a hash. */
type Log = Map<string, { n: number; hash: number }>;

function argument(value: unknown): string {
  if (typeof value === 'function') return value.name;
  if (typeof value !== 'object' || value === null) return String(value);
  // the configuration never changes
  return 'PAGE_SIZE' in value ? 'c' : JSON.stringify(value);
}

/** A step as text: equal steps have equal texts. */
const stepText = (step: Step): string =>
  step.op === 'call' ? `${step.operation.name} ${step.args.map(argument).join()}` : JSON.stringify(step);

function note(log: Log, fn: string, step: Step): void {
  const taken = log.get(fn) ?? { n: 0, hash: 0 };
  taken.n++;
  taken.hash = (Math.imul(taken.hash, 31) + hashText(stepText(step))) | 0;
  log.set(fn, taken);
}

const ALONE = { maxPreemptions: 0, maxStates: 100_000 };

/** Runs an entry with no thread interrupted. */
function runAlone(entry: StepsEntry | ThreadsEntry, design: DesignedRelease, guard: Guard): Log {
  const log: Log = new Map();
  const release = guardDesign(design, {
    ...guard,
    note: (fn, step) => {
      guard.note?.(fn, step);
      note(log, fn, step);
    },
  });
  if (entry.kind === 'steps') checkEntry(entry, release);
  else
    explore(watched(entry, release, {}).program)
      .only()
      .bound(ALONE)
      .states()
      .verdict();
  return log;
}

/**
 * Checks that a second run takes the same steps. A design whose second run differs keeps state of its own, so it cannot
 * be searched.
 */
function checkSame(entry: StepsEntry | ThreadsEntry, design: DesignedRelease, guard: Guard): void {
  const first = runAlone(entry, design, guard);
  const second = runAlone(entry, design, guard);
  const same = (fn: string): boolean =>
    first.get(fn)?.n === second.get(fn)?.n && first.get(fn)?.hash === second.get(fn)?.hash;
  const other = [...first.keys(), ...second.keys()].find((fn) => !same(fn));
  if (other !== undefined)
    throw new DesignFault(other, 'does otherwise when it is run again: it keeps something between calls');
}

/** The reason why a design cannot be checked. */
function reasonOf(error: unknown, design: DesignedRelease, owners: WeakMap<Step, string>): string {
  if (error instanceof DesignFault) return error.message;
  if (error instanceof BadStep) {
    const owner = error.step && owners.get(error.step);
    return owner === undefined ? error.message : `${owner} yields ${error.message}`;
  }
  if (error instanceof ThreadDiverged || error instanceof ReplayDiverged)
    return `${error.name}: ${error.message}; it keeps something between calls`;
  const what = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return `what it did leads to ${what} in a function of ${design.on.name}`;
}

export interface DesignOptions extends CheckOptions, Pick<Guard, 'returns' | 'running' | 'place'> {}

/** Checks whether an entry's failure, or any other, occurs on a design. */
export function checkDesign(
  entry: StepsEntry | ThreadsEntry,
  design: DesignedRelease,
  options: DesignOptions,
): DesignChecked {
  const owners = new WeakMap<Step, string>();
  const watching: Guard = {
    ...options,
    max_steps: MAX_STEPS[entry.kind],
    note: (fn, step) => owners.set(step, fn),
  };
  const release = guardDesign(design, watching);
  try {
    checkSame(entry, design, watching);
    return checkEntry(entry, release, { ...options, named_first: true });
  } catch (error) {
    if (error instanceof NotModelled || error instanceof BadOperation) return unfit(entry, design, error);
    return { verdict: 'stopped', reason: reasonOf(error, design, owners) };
  }
}

/** The reason why the scenario's or the model's preconditions do not hold on the design. */
function unfit({ id }: Entry, { name }: DesignedRelease, error: Error): Checked {
  const head = { id, release: name, geometry: null, layout: null };
  const none = { failure: null, reason: null, within: [], states: 0, steps: 0, told: null };
  if (/not modelled/.test(error.message) || error instanceof NotModelled)
    return { ...head, ...none, verdict: 'n/a', reason: error.message };
  return {
    ...head,
    ...none,
    verdict: 'other',
    failure: { kind: 'preparation', subjects: { message: error.message }, text: error.message },
  };
}

/**
 * `clean`; `broken`: a failure that the base does not have; `uncured`: a failure that the base has and that the
 * releases named as fixed do not have; `as base`: a failure of the base that no release fixes.
 */
export type DesignVerdict = 'clean' | 'broken' | 'uncured' | 'as base' | 'stopped' | 'undecided' | 'n/a';

/** Compares a design's result with that of its base. */
export function designVerdict({ fixed }: Entry, base: Checked, design: DesignChecked): DesignVerdict {
  if (design.verdict !== 'found' && design.verdict !== 'other') return design.verdict;
  if (!isSame(base, design)) return 'broken';
  return fixed.length > 0 ? 'uncured' : 'as base';
}

/** Whether it is the failure that the entry names, or the base's failure in another place. */
function isSame(base: Checked, design: Checked): boolean {
  if (base.verdict === 'found' && design.verdict === 'found') return true;
  return base.failure !== null && alikeKey(base.failure) === alikeKey(design.failure!);
}
