import { type Check, checksOf, kindOf, type Result } from './checks.ts';
import { type Difference, difference } from './compare.ts';
import { type Form, forms } from './forms.ts';
import type { Switch } from './instrument.ts';
import type { Operator } from './mutants.ts';
import { Recorder, type Trace } from './trace.ts';

/** The check that caught a mutant. */
export interface Caught {
  readonly check: string;
  readonly failure: string;
}

/** A mutant to evaluate. */
export interface Order {
  readonly form: string;
  readonly key: string;
  /** The id of the mutated function. */
  readonly of: string;
  readonly operator: Operator;
  readonly rereads: boolean;
  readonly exactly: readonly string[];
}

export interface Verdict {
  readonly caught: Caught | null;
  /** For a mutant that was not caught: how it differs, and where that first shows. */
  readonly difference: Difference | null;
  readonly where: string | null;
}

interface Original {
  readonly check: Check;
  readonly failures: readonly string[];
  readonly kinds: ReadonlySet<string>;
  readonly trace: Trace;
  /** The ids of the functions that it calls. */
  readonly calls: ReadonlySet<string>;
}

const mutant: Switch = { on: null, called: false, calls: new Set(), exactly: [] };
Object.assign(globalThis, { mutant });

/** The result of the check; an exception is a failure as well. */
function run(check: Check, keep = false): Result & { readonly trace: Trace } {
  const recorder = new Recorder(keep);
  let result: Result;
  try {
    result = check.run();
  } catch (error) {
    result = { failures: [`exception: ${error instanceof Error ? error.message : String(error)}`] };
  }
  return { ...result, trace: recorder.end(result.size) };
}

/** The results of the unmutated form; null for an entry of the catalogue that fails anyway and therefore tests nothing. */
const originals = new Map<Check, Original | null>();

function originalOf(check: Check): Original | null {
  let found = originals.get(check);
  if (found === undefined) {
    mutant.on = null;
    mutant.calls.clear();
    const { failures, trace } = run(check);
    const kinds = new Set(failures.map(kindOf));
    const calls = new Set(mutant.calls);
    found = check.entry && kinds.size > 0 ? null : { check, failures, kinds, trace, calls };
    originals.set(check, found);
  }
  return found;
}

const checks = new Map<Form, readonly Check[]>();

function checksFor(form: Form): readonly Check[] {
  const found = checks.get(form) ?? checksOf(form);
  checks.set(form, found);
  return found;
}

interface Run {
  readonly original: Original;
  readonly trace: Trace;
}

/** The place where the runs of both differ. */
function compare(runs: readonly Run[], key: string, called: boolean): Verdict {
  const verdict = (kind: Difference, where: string | null = null): Verdict => ({
    caught: null,
    difference: kind,
    where,
  });
  if (!called) return verdict('unreached');
  const differs = runs.find(({ original, trace }) => original.trace.effects !== trace.effects);
  if (!differs)
    return verdict(
      runs.every(({ original, trace }) => original.trace.steps === trace.steps) ? 'same' : 'reads',
    );
  const { check } = differs.original;
  mutant.on = null;
  const before = run(check, true).trace.told;
  mutant.on = key;
  const after = run(check, true).trace.told;
  mutant.on = null;
  return verdict(difference(before, after), check.name);
}

/** The first text that only one of them has. */
function differs(before: readonly string[], now: readonly string[]): string | undefined {
  const i = now.findIndex((text, at) => text !== before[at]);
  if (i >= 0) return now[i];
  return now.length < before.length ? `nothing says: ${before[now.length]}` : undefined;
}

/**
 * The number of runs that decide whether reads are the only difference, and whether barriers and invalidations are. A
 * mutant that only repeats reads behaves like the original with later reads; it is run only to confirm that.
 */
const ENOUGH = { reads: 32, flushing: 64 };

/**
 * Whether the runs are enough: a mutant that only adds barriers and invalidations behaves like the original with fewer
 * translations held, and one that repeats code that then only reads can at most print more: checks of messages decide.
 */
function isSettled({ operator, key }: Order, runs: readonly Run[]): boolean {
  if (operator !== 'twice' || runs.length !== ENOUGH.flushing) return false;
  const { difference: found } = compare(runs, key, mutant.called);
  return found === 'reads' || found === 'more flushing';
}

/**
 * Runs the mutant against the checks of the form that call the function, until one of them catches it or they are
 * enough; messages are always checked. `begun` is called for each check.
 */
export function evaluate(order: Order, begun: (check: string) => void): Verdict {
  const { form: of, key, exactly } = order;
  const form = forms.find(({ name }) => name === of)!;
  const runs: Run[] = [];
  let settled = false;
  mutant.called = false;
  mutant.exactly = exactly;
  for (const check of checksFor(form)) {
    if (settled && !check.exact) continue;
    begun(check.name);
    const original = originalOf(check);
    if (!original?.calls.has(order.of)) continue;
    mutant.on = key;
    const { failures, trace } = run(check);
    mutant.on = null;
    const failure = check.exact
      ? differs(original.failures, failures)
      : failures.find((text) => !original.kinds.has(kindOf(text)));
    if (failure !== undefined)
      return { caught: { check: check.name, failure: failure.slice(0, 200) }, difference: null, where: null };
    runs.push({ original, trace });
    if (order.rereads && runs.length === ENOUGH.reads) break;
    settled ||= isSettled(order, runs);
  }
  begun('the comparison');
  return compare(runs, key, mutant.called);
}
