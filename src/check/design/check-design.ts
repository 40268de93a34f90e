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
import { DesignFault, thrownText } from './design-fault.ts';
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

/** How many steps of two runs are compared; the second run ends after them. */
const COMPARED = 100_000;

const ALONE = { maxPreemptions: 0, maxStates: 100_000 };

/** Ends a run of which enough has been seen. */
class Enough extends Error {
  override readonly name = 'Enough';
}

/** Runs an entry with no thread interrupted; the result, if it has no threads. `seen` receives each step of the design. */
function runAlone(
  entry: StepsEntry | ThreadsEntry,
  design: DesignedRelease,
  guard: Guard,
  seen: (fn: string, step: Step) => void,
): Checked | null {
  const release = guardDesign(design, {
    ...guard,
    note: (fn, step) => {
      guard.note?.(fn, step);
      seen(fn, step);
    },
  });
  if (entry.kind === 'steps') return checkEntry(entry, release);
  explore(watched(entry, release, {}).program)
    .only()
    .bound(ALONE)
    .states()
    .verdict();
  return null;
}

/** The steps of a run that are compared. */
class Taken {
  readonly log: Log = new Map();
  #left = COMPARED;

  /** Adds a step; false if there were enough before it. */
  add(fn: string, step: Step): boolean {
    if (this.#left === 0) return false;
    this.#left--;
    const taken = this.log.get(fn) ?? { n: 0, hash: 0 };
    taken.n++;
    taken.hash = (Math.imul(taken.hash, 31) + hashText(stepText(step))) | 0;
    this.log.set(fn, taken);
    return true;
  }
}

/**
 * Checks that a second run takes the same steps, and returns the result. A design whose second run differs keeps state of
 * its own, so it cannot be searched.
 */
function checkSame(entry: StepsEntry | ThreadsEntry, design: DesignedRelease, guard: Guard): Checked | null {
  const first = new Taken();
  const second = new Taken();
  const checked = runAlone(entry, design, guard, (fn, step) => {
    first.add(fn, step);
  });
  try {
    runAlone(entry, design, guard, (fn, step) => {
      if (!second.add(fn, step)) throw new Enough();
    });
  } catch (error) {
    if (!(error instanceof Enough)) throw error;
  }
  const same = (fn: string): boolean =>
    first.log.get(fn)?.n === second.log.get(fn)?.n && first.log.get(fn)?.hash === second.log.get(fn)?.hash;
  const other = [...first.log.keys(), ...second.log.keys()].find((fn) => !same(fn));
  if (other !== undefined)
    throw new DesignFault(other, 'does otherwise when it is run again: it keeps something between calls');
  return checked;
}

/** Which function of a design took a step: the last step, or each that a search may come back to. */
class Owners {
  readonly #all: WeakMap<Step, string> | null;
  #last: readonly [Step, string] | undefined;

  constructor(all: boolean) {
    this.#all = all ? new WeakMap() : null;
  }

  add(step: Step, fn: string): void {
    if (this.#all) this.#all.set(step, fn);
    else this.#last = [step, fn];
  }

  of(step: Step): string | undefined {
    return this.#all ? this.#all.get(step) : this.#last?.[0] === step ? this.#last[1] : undefined;
  }
}

/** The reason why a design cannot be checked. */
function reasonOf(error: unknown, design: DesignedRelease, owners: Owners): string {
  if (error instanceof DesignFault) return error.message;
  if (error instanceof BadStep) {
    const owner = error.step && owners.of(error.step);
    return owner === undefined ? error.message : `${owner} yields ${error.message}`;
  }
  if (error instanceof ThreadDiverged || error instanceof ReplayDiverged)
    return `${error.name}: ${error.message}; it keeps something between calls`;
  return `what it did leads to ${thrownText(error)} in a function of ${design.on.name}`;
}

export interface DesignOptions extends CheckOptions, Pick<Guard, 'returns' | 'place'> {
  /** What else is watched while no thread is interrupted. */
  readonly first?: Pick<Guard, 'briefly' | 'inspect'>;
}

/** Checks whether an entry's failure, or any other, occurs on a design. */
export function checkDesign(
  entry: StepsEntry | ThreadsEntry,
  design: DesignedRelease,
  options: DesignOptions,
): DesignChecked {
  const owners = new Owners(entry.kind === 'threads');
  const watching: Guard = {
    ...options,
    max_steps: MAX_STEPS[entry.kind],
    note: (fn, step) => owners.add(step, fn),
  };
  const release = guardDesign(design, watching);
  try {
    const checked = checkSame(entry, design, { ...watching, ...options.first });
    return checked ?? checkEntry(entry, release, { ...options, named_first: true });
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
