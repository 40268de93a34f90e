import type { ThreadsEntry } from '../../src/check/entry.ts';
import { isMeant } from '../../src/check/meant.ts';
import { threadMonitors } from '../../src/check/monitors.ts';
import { mayBeMeant } from '../../src/check/threads.ts';
import { type Variation, variedLayout, variedMachine } from '../../src/check/variation.ts';
import { copyState } from '../../src/interleave/copy.ts';
import { kernelProgram } from '../../src/interleave/kernel-program.ts';
import type { Config } from '../../src/kernel/config.ts';
import type { Kernel } from '../../src/kernel/kernel.ts';
import type { State } from '../../src/kernel/state.ts';
import { violations } from '../../src/monitors/hotplug/index.ts';
import type { Release } from '../../src/releases/index.ts';
import { type Interleaving, interleaving, placeOf } from '../../src/scenarios/interleaved/interleaving.ts';
import { scopeOf } from '../../src/scenarios/interleaved/names.ts';
import { type Names, perform, valueIn } from '../../src/scenarios/interleaved/perform-lines.ts';
import { FAIL_SITES } from '../../src/scenarios/steps/machine/fail.ts';
import { eventFailures } from '../../src/schedule/event-failures.ts';
import { type RunEvent, Runner } from '../../src/schedule/runner.ts';
import { systemOf } from '../../src/schedule/semantics/system-of.ts';
import { StatesSearch } from '../../src/schedule/states/states.ts';
import type { Failure } from '../../src/steps/failure.ts';
import { unnoted, type Within } from '../../src/steps/within.ts';

/** The threads of an entry with one allocation that fails: one after the other, or at the same time. */

/** Those of scenarios, and those of memremap_pages(), which no scenario names. */
export const SITES = [...FAIL_SITES, 'percpu_ref', 'pgmap_array'] as const;

/** The allocation of a site after `after` that succeed. */
export interface FailedAllocation {
  readonly site: (typeof SITES)[number];
  readonly after: number;
}

export interface Ran {
  /** What is wrong that the entry does not name, sorted; nothing twice. */
  readonly alarms: readonly string[];
  /** Whether the allocation was asked for. */
  readonly failed: boolean;
}

/** What is wrong, without addresses, so that it is one alarm wherever it occurs. */
export function alarmOf({ kind, subjects, text }: Failure): string {
  const { function: fn, invariant, what, message } = subjects;
  const where = [invariant, fn === undefined ? undefined : `${fn}()`, what].filter(Boolean).join(', ');
  const said = message ?? (where === '' ? text : '');
  return `${kind}: ${[where, said].filter(Boolean).join(': ')}`.replaceAll(
    /-?(?:0x[0-9a-f]+|\b[0-9a-f]{16}\b)/g,
    '…',
  );
}

const alarmsOf = (failures: readonly Failure[], meant: (one: Failure) => boolean): string[] =>
  [...new Set(failures.filter((one) => one.kind !== 'expectation' && !meant(one)).map(alarmOf))].sort();

/** The entry on a machine whose `before` lines have not run. */
function booted(entry: ThreadsEntry, release: Release, variation: Variation): Interleaving {
  const { scenario } = entry;
  const machine = variedMachine(scenario.machine, variation);
  const place = variation.geometry
    ? { machine, layout: variedLayout(machine, variation) }
    : placeOf(scenario);
  const bare = { ...scenario, interleaved: { ...scenario.interleaved!, before: [] } };
  return interleaving(entry.id, bare, release, place);
}

/** All orders of some items. */
export const orders = <T>(items: readonly T[]): T[][] =>
  items.length < 2
    ? [[...items]]
    : items.flatMap((one, i) => orders(items.filter((_, j) => j !== i)).map((rest) => [one, ...rest]));

const arm = (state: State, { site, after }: FailedAllocation): void => {
  const vars = state.vars.get(0)!;
  vars.fail_alloc = { [site]: 1 };
  vars.fail_after = { [site]: after };
};

function namesOf({ scenario }: ThreadsEntry, c: Config): Names {
  const names: Names = new Map();
  for (const one of scenario.interleaved!.names)
    names.set(one.name, valueIn(one, one.value, scopeOf(c, names)));
  return names;
}

/** The lines before the threads, then the threads one after the other, each to its end, in every order. */
export class InOrder {
  readonly #entry: ThreadsEntry;
  readonly #interleaving: Interleaving;

  /** @throws NotApplicable, ImpossibleMachine as `mhp check` does */
  constructor(entry: ThreadsEntry, release: Release, variation: Variation) {
    this.#entry = entry;
    this.#interleaving = booted(entry, release, variation);
  }

  get orders(): string[][] {
    return orders(Object.keys(this.#entry.scenario.interleaved!.threads));
  }

  run(order: readonly string[], failure: FailedAllocation | null): Ran {
    const { before, threads, partial } = this.#entry.scenario.interleaved!;
    const { kernel } = this.#interleaving.model;
    const state = copyState(this.#interleaving.model.state);
    const names = namesOf(this.#entry, kernel.c);
    const known = new Set(violations(state, kernel.c).map(alarmOf));
    if (failure) arm(state, failure);
    const events: RunEvent[] = [];
    const hangs: Failure[] = [];
    // a kernel that has hit a BUG goes on without the thread
    for (const lines of [before, ...order.map((thread) => threads[thread]!)]) {
      const own = lines === before ? names : new Map(names);
      const outcome = new Runner(state).run(perform(kernel, lines, own, unnoted));
      events.push(...outcome.events.filter((event) => !(event.kind === 'bug' && event.where === 'expect')));
      if (outcome.ended === 'deadlock')
        hangs.push({ kind: 'deadlock', subjects: {}, text: 'a thread waits for itself' });
      for (const where of outcome.signalled)
        hangs.push({ kind: 'hang', subjects: { function: where }, text: '' });
    }
    const failed = failure !== null && state.vars.get(0)!.fail_alloc[failure.site] === 0;
    const wrong = violations(state, kernel.c).filter(
      (one) => !known.has(alarmOf(one)) && !partial.includes(one.subjects.invariant ?? ''),
    );
    const found = [...eventFailures(events), ...hangs, ...wrong];
    return { alarms: alarmsOf(found, (one) => isMeant(this.#entry, one)), failed };
  }

  /** Every allocation that some order asks for. */
  allocations(most: number): FailedAllocation[] {
    return SITES.flatMap((site) => {
      const some: FailedAllocation[] = [];
      for (let after = 0; after < most; after++) {
        if (!this.orders.some((order) => this.run(order, { site, after }).failed)) break;
        some.push({ site, after });
      }
      return some;
    });
  }
}

/** All that goes wrong in the states that are reached first, and whether those were all. */
export interface Explored {
  readonly alarms: readonly string[];
  readonly states: number;
  readonly whole: boolean;
}

/**
 * The threads at the same time, in up to `maxStates` states, fewest preemptions first, after the lines before them. Null
 * if the kernel has hit a BUG in these.
 */
export function explored(
  entry: ThreadsEntry,
  release: Release,
  variation: Variation,
  failure: FailedAllocation | null,
  maxStates: number,
): Explored | null {
  const { scenario } = entry;
  const { before, threads } = scenario.interleaved!;
  const { model } = booted(entry, release, variation);
  const { c } = model.kernel;
  const names = namesOf(entry, c);
  if (failure) arm(model.state, failure);
  if (new Runner(model.state).run(perform(model.kernel, before, names, unnoted)).ended !== 'returned')
    return null;
  const program = kernelProgram(
    entry.id,
    model,
    Object.fromEntries(
      Object.entries(threads).map(([thread, lines]) => [
        thread,
        (k: Kernel, within: Within) => perform(k, lines, new Map(names), within),
      ]),
    ),
  );
  const monitors = threadMonitors(model.state, c, {
    kind: entry.failure?.kind,
    partial: scenario.interleaved!.partial,
  });
  const search = new StatesSearch(systemOf(program, monitors, true), {
    monitors,
    bounds: { maxStates },
    reduce: true,
    all: true,
  });
  const outcome = search.run();
  return {
    alarms: alarmsOf([...search.violations.values()], mayBeMeant(entry)),
    states: search.store.size,
    whole: outcome.end === 'complete',
  };
}
