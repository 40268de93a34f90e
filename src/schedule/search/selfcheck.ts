import type { Monitor } from '../monitors/monitor.ts';
import type { Program } from '../program/program.ts';
import { Pace, type Watch } from './pace.ts';
import { atOnce, type Reachable, statesInSlices, tracesInSlices } from './reachable.ts';

/** Two ways to explore the same program give different results. */
export interface Disagreement {
  readonly between: readonly [string, string];
  readonly what: 'violation' | 'final state' | 'redundant executions';
  /** Found only by the first, or only by the second. */
  readonly onlyFirst: readonly string[];
  readonly onlySecond: readonly string[];
}

/**
 * Explores a small program in full three ways (states as always, states with forgetting and reduction off, and traces)
 * and reports where they disagree. Any disagreement is a defect of the explorer, or of a loop head that keeps too
 * little.
 */
export class SelfCheck {
  readonly #program: Program;
  readonly #monitors: readonly Monitor[];
  readonly #pace: Pace;

  constructor(program: Program, monitors: readonly Monitor[], watch: Watch) {
    this.#program = program;
    this.#monitors = monitors;
    this.#pace = new Pace(watch);
  }

  disagreements(): Disagreement[] {
    return atOnce(this.#slices());
  }

  /** The same in slices, until the signal of the watch stops it. */
  async finish(): Promise<Disagreement[] | 'interrupted'> {
    const slices = this.#slices();
    for (;;) {
      const { done, value } = slices.next();
      if (done) return value;
      await this.#pace.turn();
      if (this.#pace.interrupted) return 'interrupted';
    }
  }

  *#slices(): Generator<undefined, Disagreement[]> {
    const plain = yield* statesInSlices(this.#program, false, this.#monitors);
    const traces = yield* tracesInSlices(this.#program, this.#monitors);
    const found = [
      ...compare('states', yield* statesInSlices(this.#program, true, this.#monitors), 'plain states', plain),
      ...compare('plain states', plain, 'traces', traces),
    ];
    if (traces.redundant > 0) {
      const count = [`${traces.redundant} of ${traces.executions}`];
      found.push({
        between: ['traces', 'optimal'],
        what: 'redundant executions',
        onlyFirst: count,
        onlySecond: [],
      });
    }
    return found;
  }
}

function compare(nameA: string, a: Reachable, nameB: string, b: Reachable): Disagreement[] {
  const between = [nameA, nameB] as const;
  const difference = (
    what: Disagreement['what'],
    x: readonly string[],
    y: readonly string[],
  ): Disagreement[] => {
    const onlyFirst = x.filter((s) => !y.includes(s));
    const onlySecond = y.filter((s) => !x.includes(s));
    return onlyFirst.length + onlySecond.length === 0 ? [] : [{ between, what, onlyFirst, onlySecond }];
  };
  return [
    ...difference('violation', a.violations, b.violations),
    ...difference('final state', a.finals, b.finals),
  ];
}
