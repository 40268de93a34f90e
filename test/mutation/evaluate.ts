import { type Check, checksOf, kindOf, type Result } from './checks.ts';
import { type Difference, difference } from './compare.ts';
import { type Form, forms } from './forms.ts';
import type { Switch } from './instrument.ts';
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
}

const mutant: Switch = { on: null, called: false, exactly: [] };
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

/**
 * The results of the unmutated form, by check and by the functions that run as written; null for an entry of the
 * catalogue that fails anyway and therefore tests nothing.
 */
const originals = new Map<Check, Map<string, Original | null>>();

function originalOf(check: Check): Original | null {
  const ofCheck = originals.get(check) ?? new Map<string, Original | null>();
  originals.set(check, ofCheck);
  const how = check.alone ? mutant.exactly.join() : '';
  let found = ofCheck.get(how);
  if (found === undefined) {
    const { failures, trace } = run(check);
    const kinds = new Set(failures.map(kindOf));
    found = check.entry && kinds.size > 0 ? null : { check, failures, kinds, trace };
    ofCheck.set(how, found);
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

/** The number of checks that decide whether reads are the only difference. */
const FEW = 32;

/**
 * Runs the mutant against all checks of the form until one of them catches it. `begun` is called for each check. A
 * mutant that only repeats a read behaves like the original with a later read; it is run only to confirm that.
 */
export function evaluate(
  { form: of, key, rereads, exactly }: Order,
  begun: (check: string) => void,
): Verdict {
  const form = forms.find(({ name }) => name === of)!;
  const all = rereads ? checksFor(form).slice(0, FEW) : checksFor(form);
  const runs: Run[] = [];
  mutant.called = false;
  mutant.exactly = exactly;
  for (const check of all) {
    begun(check.name);
    mutant.on = null;
    const original = originalOf(check);
    if (!original) continue;
    mutant.on = key;
    const { failures, trace } = run(check);
    mutant.on = null;
    const failure = check.exact
      ? differs(original.failures, failures)
      : failures.find((text) => !original.kinds.has(kindOf(text)));
    if (failure !== undefined)
      return { caught: { check: check.name, failure: failure.slice(0, 200) }, difference: null, where: null };
    runs.push({ original, trace });
  }
  begun('the comparison');
  return compare(runs, key, mutant.called);
}
