import { Checks, stateText } from './check.ts';
import { History } from './history.ts';
import type { Monitor, Violation } from './monitor.ts';
import type { Outcome } from './states.ts';
import type { System } from './system.ts';
import type { Bound, Bounds, Choice, Progress, Stats, Watch } from './verdict.ts';
import { type SavedWakeup, Wakeup } from './wakeup.ts';

export interface TracesOptions {
  readonly monitors: readonly Monitor[];
  readonly bounds?: Bounds;
  /** Do not stop at a violation: collect all, and the states in which nothing moves any more. */
  readonly all?: boolean;
  readonly watch?: Watch;
}

/**
 * One execution for every Mazurkiewicz trace: optimal dynamic partial-order reduction with wakeup trees (Abdulla,
 * Aronis, Jonsson, Sagonas). Whenever an execution is complete, every race in it is reversed: the events that do
 * not depend on the first of the two, and then the second, are planned as a sequence to wake up from the point
 * before the first, unless a thread asleep there says that the outcome has been covered.
 *
 * A step that can be blocked (a lock, a wait) is not only reversed with its immediate predecessor but with every
 * earlier write to what blocks it, where it was enabled in the state before that: so the acquisition, and not the
 * release, of a lock is where its order is decided. Steps that block all write what they block on, and steps that
 * block on the same thing depend on each other, so no event that stays in the plan can take away what the step needs.
 */
export class TracesSearch {
  readonly system: System;
  private readonly options: TracesOptions;
  private readonly checks: Checks;
  private readonly history: History;
  /** By depth: threads asleep, and what is planned, from the next one on. */
  private readonly asleep: number[] = [0];
  /** By depth and thread: which outcomes of its step are asleep, as bits; of threads that are asleep at all. */
  private readonly asleepOutcomes: number[][] = [[]];
  private readonly plans: Wakeup[] = [];
  depth = 0;
  executions = 0;
  /** Executions given up because everything enabled was asleep; an optimal search has none. */
  redundant = 0;
  transitions = 0;
  longest = 0;
  cut = false;
  readonly finals = new Set<string>();
  readonly violations = new Map<string, Violation>();
  private found: { violation: Violation; trace: Choice[] } | undefined;
  private started = false;

  constructor(system: System, options: TracesOptions) {
    this.system = system;
    this.options = options;
    this.checks = new Checks(system, options.monitors);
    this.history = new History(system);
    for (const m of options.monitors) m.memory?.load(undefined);
  }

  /** Search on until something is found, all is seen, or a bound is met. May be called again after a bound. */
  run(): Outcome {
    const { bounds = {}, watch } = this.options;
    const { maxExecutions = Infinity, maxTime = Infinity, maxMemory = Infinity } = bounds;
    if (!this.started) {
      this.started = true;
      const bad = this.checks.state(this.history.state(0));
      if (bad !== undefined) this.report(bad);
      this.plans[0] = this.plan();
    }
    let countdown = TICK;
    while (this.found === undefined) {
      if (--countdown === 0) {
        countdown = TICK;
        if (watch?.stop?.()) return { end: 'stopped', bound: 'interrupted' };
        if ((watch?.elapsed?.() ?? 0) > maxTime) return { end: 'stopped', bound: 'time' };
        if (this.history.bytes > maxMemory) return { end: 'stopped', bound: 'memory' };
        watch?.progress?.(this.progress());
      }
      const next = this.plans[this.depth]!.first();
      if (next === undefined) {
        if (this.depth === 0)
          return { end: 'complete', within: this.cut ? (['steps'] satisfies Bound[]) : [] };
        this.back();
        continue;
      }
      if (this.executions >= maxExecutions) return { end: 'stopped', bound: 'executions' };
      this.forward(next);
    }
    return { end: 'violation', ...this.found };
  }

  private forward(next: Wakeup): void {
    const { history, depth } = this;
    const v = history.state(depth);
    const t = next.thread;
    const violation = this.checks.watchesLocks ? this.checks.beforeStep(v, t) : undefined;
    this.transitions++;
    history.push(t, next.outcome);
    this.depth = depth + 1;
    if (this.depth > this.longest) this.longest = this.depth;
    this.sleepOn(depth);
    const bad =
      violation ??
      (this.system.fault >= 0 || this.system.notice >= 0 ? this.checks.step() : undefined) ??
      this.checks.state(history.state(depth + 1));
    if (bad !== undefined) this.report(bad);
    // A planned sequence goes on; at its end the search is free to choose.
    this.plans[depth + 1] = next.isLeaf ? this.plan() : next;
  }

  /** What to do at a state without a plan: one thread that is awake; or the execution is complete. */
  private plan(): Wakeup {
    const { system, history, depth } = this;
    const plan = new Wakeup(-1, 0, 0);
    const v = history.state(depth);
    const enabled = system.enabled(v);
    if (enabled === 0) {
      this.executions++;
      if (this.options.all) this.finals.add(stateText(system, v));
      const bad = this.checks.halt(v);
      if (bad !== undefined) this.report(bad);
      this.reverseRaces();
    } else if (depth >= (this.options.bounds?.maxSteps ?? Infinity)) {
      this.executions++;
      this.cut = true;
      this.reverseRaces();
    } else {
      const thread = this.awake(v, enabled);
      if (thread < 0) this.redundant++;
      else {
        const outcomes = history.allOutcomes(v, thread) & ~this.sleeping(depth, thread);
        const accesses = history.pending(v, thread);
        for (let o = 0; outcomes >> o; o++) if (outcomes & (1 << o)) plan.add(thread, o, accesses);
      }
    }
    return plan;
  }

  /** The outcomes of a thread's step that are asleep. */
  private sleeping(depth: number, t: number): number {
    return this.asleep[depth]! & (1 << t) ? this.asleepOutcomes[depth]![t]! : 0;
  }

  /** The first enabled thread with an outcome that is not asleep, or -1. */
  private awake(v: Int32Array, enabled: number): number {
    for (let t = 0; enabled >> t; t++) {
      if (!(enabled & (1 << t))) continue;
      if (!(this.asleep[this.depth]! & (1 << t))) return t;
      if (this.history.allOutcomes(v, t) & ~this.sleeping(this.depth, t)) return t;
    }
    return -1;
  }

  /** Carry over to the next depth who is still asleep there. */
  private sleepOn(depth: number): void {
    const still = this.history.stillAsleep(this.asleep[depth]!, depth);
    this.asleep[depth + 1] = still;
    let outcomes = this.asleepOutcomes[depth + 1];
    if (outcomes === undefined) {
      outcomes = [];
      this.asleepOutcomes[depth + 1] = outcomes;
    }
    for (let t = 0; still >> t; t++) if (still & (1 << t)) outcomes[t] = this.asleepOutcomes[depth]![t]!;
  }

  private back(): void {
    const depth = --this.depth;
    const { thread, outcome } = this.plans[depth]!.first()!;
    this.history.pop();
    this.plans[depth]!.drop();
    this.asleepOutcomes[depth]![thread] = this.sleeping(depth, thread) | (1 << outcome);
    this.asleep[depth]! |= 1 << thread;
  }

  private reverseRaces(): void {
    const { history } = this;
    history.eachRace((first, second, thread) => {
      if (second >= 0) this.reverse(first, second, thread, history.outcomeOf(second));
      else {
        const outcomes = history.outcomesBefore(first, thread);
        for (let o = 0; o < outcomes; o++) this.reverse(first, second, thread, o);
      }
    });
  }

  private reverse(first: number, second: number, thread: number, outcome: number): void {
    const { history } = this;
    const asleep = this.asleep[first]!;
    if (history.covered(asleep, this.asleepOutcomes[first]!, first, second, thread, outcome)) return;
    const sequence = history.reversal(first, second, thread, outcome);
    if (sequence !== undefined) this.plans[first]!.insert(sequence);
  }

  private report(violation: Violation): void {
    if (this.options.all) this.violations.set(`${violation.monitor}: ${violation.text}`, violation);
    else this.found ??= { violation, trace: this.history.choices() };
  }

  /** Where the search stands, as plain data. */
  save(): SavedTraces {
    return {
      sets: this.history.dependence.all,
      path: this.history.choices().map((c) => [c.thread, c.outcome] as const),
      asleep: this.asleep.slice(0, this.depth + 1),
      asleepOutcomes: this.asleepOutcomes.slice(0, this.depth + 1).map((o) => [...o]),
      plans: this.plans.slice(0, this.depth + 1).map((p) => p.save()),
      counters: [this.executions, this.redundant, this.transitions, this.longest, this.cut ? 1 : 0],
    };
  }

  restore(saved: SavedTraces): void {
    for (const set of saved.sets) this.history.dependence.id(set);
    for (const [thread, outcome] of saved.path) this.history.push(thread, outcome);
    this.depth = saved.path.length;
    saved.asleep.forEach((mask, d) => {
      this.asleep[d] = mask;
      this.asleepOutcomes[d] = saved.asleepOutcomes[d]!.map((o) => o ?? 0);
      this.plans[d] = Wakeup.load(saved.plans[d]!);
    });
    const [executions = 0, redundant = 0, transitions = 0, longest = 0, cut = 0] = saved.counters;
    Object.assign(this, { executions, redundant, transitions, longest, cut: cut === 1, started: true });
  }

  get stats(): Stats {
    return {
      mode: 'traces',
      states: 0,
      executions: this.executions,
      transitions: this.transitions,
      preemptions: 0,
      steps: this.longest,
      bytes: this.history.bytes,
    };
  }

  private progress(): Progress {
    return { ...this.stats, open: this.depth, done: undefined };
  }
}

const TICK = 4096;

export interface SavedTraces {
  readonly sets: readonly (readonly number[])[];
  readonly path: readonly (readonly [thread: number, outcome: number])[];
  readonly asleep: readonly number[];
  readonly asleepOutcomes: readonly (readonly (number | null)[])[];
  readonly plans: readonly SavedWakeup[];
  readonly counters: readonly number[];
}
