import { Checks } from '../monitors/checks.ts';
import type { Monitor, Violation } from '../monitors/monitor.ts';
import type { Bounds, Choice, Stats } from '../replay/verdict.ts';
import type { Control, Progress } from '../search/control.ts';
import { stateText } from '../semantics/state-text.ts';
import type { System } from '../semantics/system.ts';
import type { SearchOutcome } from '../states/states.ts';
import { eventOf, outcomeOf, threadOf } from './event.ts';
import { History } from './history.ts';
import { Reversal } from './reversal.ts';
import { SleepSets } from './sleep.ts';
import { type SavedWakeup, WakeupTrees } from './wakeup.ts';

export interface TracesOptions {
  readonly monitors: readonly Monitor[];
  readonly bounds?: Bounds;
  /** Do not stop at a violation: collect all, and the states in which nothing can move. */
  readonly all?: boolean;
  readonly control?: Control;
}

/**
 * One execution for every Mazurkiewicz trace: optimal dynamic partial-order reduction with wakeup trees (Abdulla,
 * Aronis, Jonsson, Sagonas). When an execution is complete, every race in it is reversed: the events that do not depend
 * on the first of the two, and then the second, are planned as a sequence to run from the point before the first,
 * unless a thread that sleeps there shows that the result has been covered.
 *
 * A step that can be blocked (a lock, a wait) is reversed not only with its immediate predecessor but with every
 * earlier write to what blocks it, if it was enabled in the state before that write. So the order of locks is decided
 * at their acquisition, not at their release. All steps that block write what they block on, and steps that block on
 * the same thing depend on each other, so no event that stays in the plan can disable the step.
 *
 * Races are between steps of an execution, so executions that were cut off prove nothing: what other threads would have
 * done later is in none of them. Such a search ends as one stopped by its bound on steps.
 */
export class TracesSearch {
  readonly system: System;
  readonly #options: TracesOptions;
  readonly #checks: Checks;
  readonly #history: History;
  readonly #reversal: Reversal;
  readonly #sleep: SleepSets;
  readonly #trees = new WakeupTrees();
  /** By depth: the node of a wakeup tree whose children are the plan for that depth. */
  readonly #plans: number[] = [];
  depth = 0;
  /** The number of first events that this execution shares with the last complete one. */
  #common = 0;
  executions = 0;
  /** Executions abandoned because all enabled steps were asleep; an optimal search has none. */
  redundant = 0;
  transitions = 0;
  longest = 0;
  cut = false;
  readonly finals = new Set<string>();
  readonly violations = new Map<string, Violation>();
  #found: { violation: Violation; trace: Choice[] } | undefined;
  #started = false;

  constructor(system: System, options: TracesOptions) {
    this.system = system;
    this.#options = options;
    this.#checks = new Checks(system, options.monitors);
    this.#history = new History(system);
    this.#reversal = new Reversal(this.#history);
    this.#sleep = new SleepSets(system.threads);
    for (const m of options.monitors) m.memory?.load(undefined);
  }

  /**
   * Searches until something is found, everything is seen, or a bound is reached. May be called again after a bound.
   */
  run(): SearchOutcome {
    const { bounds = {}, control } = this.#options;
    const { maxExecutions = Infinity, maxTime = Infinity, maxMemory = Infinity } = bounds;
    if (!this.#started) {
      this.#started = true;
      const bad = this.#checks.state(this.#history.state(0));
      if (bad !== undefined) this.#report(bad);
      this.#plans[0] = this.#plan();
    }
    let countdown = TICK;
    while (this.#found === undefined) {
      if (--countdown === 0) {
        countdown = TICK;
        if (control?.stop?.()) return { end: 'stopped', bound: 'interrupted' };
        if (maxTime < Infinity && (control?.elapsed?.() ?? 0) > maxTime)
          return { end: 'stopped', bound: 'time' };
        if (this.bytes > maxMemory) return { end: 'stopped', bound: 'memory' };
        control?.progress?.(this.#progress());
      }
      const next = this.#trees.first(this.#plans[this.depth]!);
      if (next === 0) {
        if (this.depth === 0) return this.cut ? { end: 'stopped', bound: 'steps' } : COMPLETE;
        this.#back();
        continue;
      }
      if (this.executions >= maxExecutions) return { end: 'stopped', bound: 'executions' };
      this.#forward(next);
    }
    return { end: 'violation', ...this.#found };
  }

  #forward(next: number): void {
    const { depth, system } = this;
    const history = this.#history;
    const trees = this.#trees;
    const event = trees.event(next);
    const t = threadOf(event);
    const violation = this.#checks.watchesLocks
      ? this.#checks.beforeStep(history.state(depth), t)
      : undefined;
    this.transitions++;
    history.push(t, outcomeOf(event));
    this.depth = depth + 1;
    if (this.depth > this.longest) this.longest = this.depth;
    this.#sleep.carry(history, depth);
    const bad =
      violation ??
      (system.fault >= 0 || system.notice >= 0 ? this.#checks.step() : undefined) ??
      this.#checks.state(history.state(depth + 1));
    if (bad !== undefined) this.#report(bad);
    // A planned sequence continues; at its end the search is free to choose.
    this.#plans[depth + 1] = trees.first(next) === 0 ? this.#plan() : next;
  }

  /** Plans a state without a plan: one thread that is awake; or the execution is complete. */
  #plan(): number {
    const { system, depth } = this;
    const history = this.#history;
    const trees = this.#trees;
    const v = history.state(depth);
    const enabled = system.enabled(v);
    const cut = depth >= (this.#options.bounds?.maxSteps ?? Infinity);
    if (enabled === 0 || cut) {
      this.executions++;
      if (enabled === 0) this.#halted(v);
      else this.cut = true;
      this.#reverseRaces();
      return NOTHING;
    }
    const thread = this.#awake(v, enabled);
    if (thread < 0) {
      this.redundant++;
      return NOTHING;
    }
    const plan = trees.root();
    const outcomes = history.allOutcomes(v, thread) & ~this.#sleep.outcomes(depth, thread);
    const accesses = history.pending(v, thread);
    for (let o = 0; outcomes >> o; o++)
      if (outcomes & (1 << o)) trees.add(plan, eventOf(thread, o), accesses);
    return plan;
  }

  #halted(v: Int32Array): void {
    if (this.#options.all) this.finals.add(stateText(this.system, v));
    const bad = this.#checks.halt(v);
    if (bad !== undefined) this.#report(bad);
  }

  /** The first enabled thread with an outcome that does not sleep, or -1. */
  #awake(v: Int32Array, enabled: number): number {
    const { depth } = this;
    const sleep = this.#sleep;
    const asleep = sleep.at(depth);
    for (let rest = enabled; rest !== 0; rest &= rest - 1) {
      const t = 31 - Math.clz32(rest & -rest);
      if (!(asleep & (1 << t))) return t;
      if (this.#history.allOutcomes(v, t) & ~sleep.outcomes(depth, t)) return t;
    }
    return -1;
  }

  #back(): void {
    const trees = this.#trees;
    const plans = this.#plans;
    const below = plans[this.depth]!;
    const depth = --this.depth;
    if (depth < this.#common) this.#common = depth;
    const plan = plans[depth]!;
    const explored = trees.first(plan);
    if (below !== explored && below !== NOTHING) trees.drop(below);
    this.#history.pop();
    this.#sleep.add(depth, trees.event(explored), trees.accesses(explored));
    trees.dropFirst(plan);
  }

  /**
   * Reverses every race of the execution, except those known to change nothing: the last execution had the same race,
   * and everything that decided its reversal.
   */
  #reverseRaces(): void {
    const { depth } = this;
    const history = this.#history;
    const common = this.#common;
    const { races } = history;
    this.#common = depth;
    for (let d = 0, r = 0; d < depth; d++) {
      for (const end = races.end(d); r < end; r++) {
        if (d < common && races.isSettled(r, history, common)) continue;
        const event = history.events[d]!;
        this.#reverse(races.first[r]!, d, threadOf(event), outcomeOf(event));
        races.settle(r, this.#reversal);
      }
    }
    for (let t = 0; t < this.system.threads; t++) {
      for (const first of history.racesOfBlocked(t)) {
        const outcomes = history.outcomesBefore(first, t);
        for (let o = 0; o < outcomes; o++) this.#reverse(first, -1, t, o);
      }
    }
  }

  #reverse(first: number, second: number, thread: number, outcome: number): void {
    const reversal = this.#reversal;
    reversal.begin(first, second, thread, outcome);
    if (!reversal.covered(this.#sleep)) reversal.planIn(this.#trees, this.#plans[first]!);
  }

  #report(violation: Violation): void {
    if (this.#options.all) this.violations.set(`${violation.monitor}: ${violation.text}`, violation);
    else this.#found ??= { violation, trace: this.#history.choices() };
  }

  /** The position of the search, as plain data. */
  save(): SavedTraces {
    const depths = Array.from({ length: this.depth + 1 }, (_, d) => d);
    return {
      sets: this.#history.dependence.all,
      path: this.#history.choices().map((c) => [c.thread, c.outcome] as const),
      asleep: depths.map((d) => this.#sleep.at(d)),
      asleepOutcomes: depths.map((d) => this.#sleep.save(d)),
      plans: depths.map((d) => this.#trees.save(this.#plans[d]!)),
      counters: [this.executions, this.redundant, this.transitions, this.longest, this.cut ? 1 : 0],
    };
  }

  restore(saved: SavedTraces): void {
    for (const set of saved.sets) this.#history.dependence.id(set);
    for (const [thread, outcome] of saved.path) this.#history.push(thread, outcome);
    this.depth = saved.path.length;
    saved.plans.forEach((plan, d) => {
      this.#sleep.load(this.#history, d, saved.asleepOutcomes[d]!);
      // A sequence that continues lies below the event of the previous depth.
      const on = d === 0 ? NOTHING : this.#trees.first(this.#plans[d - 1]!);
      this.#plans[d] = this.#trees.first(on) !== 0 ? on : this.#trees.load(plan);
    });
    const [executions = 0, redundant = 0, transitions = 0, longest = 0, cut = 0] = saved.counters;
    Object.assign(this, { executions, redundant, transitions, longest, cut: cut === 1 });
    this.#started = true;
  }

  get bytes(): number {
    return this.system.bytes + this.#history.bytes + this.#sleep.bytes + this.#trees.bytes;
  }

  get stats(): Stats {
    return {
      mode: 'traces',
      states: 0,
      executions: this.executions,
      transitions: this.transitions,
      preemptions: 0,
      steps: this.longest,
      bytes: this.bytes,
    };
  }

  #progress(): Progress {
    return { ...this.stats, open: this.depth, done: undefined };
  }
}

const TICK = 4096;
const COMPLETE: SearchOutcome = Object.freeze({ end: 'complete', within: Object.freeze([]) as readonly [] });
/** The empty tree. */
const NOTHING = 0;

export interface SavedTraces {
  readonly sets: readonly (readonly number[])[];
  readonly path: readonly (readonly [thread: number, outcome: number])[];
  readonly asleep: readonly number[];
  readonly asleepOutcomes: readonly (readonly (number | null)[])[];
  readonly plans: readonly SavedWakeup[];
  readonly counters: readonly number[];
}
