import { createHash } from 'node:crypto';
import { Runner } from '../../src/schedule/runner.ts';
import type { Step, Steps } from '../../src/steps/step.ts';

/** The steps performed, in a form in which two runs can be compared. */

/** The thread, with a callback after each step is performed and, if wanted, before it. */
export function* witnessed<T>(
  thread: Steps<T>,
  witness: (step: Step) => void,
  before: (step: Step) => void = () => {},
): Steps<T> {
  let next = thread.next();
  while (!next.done) {
    before(next.value);
    const result: unknown = yield next.value;
    witness(next.value);
    next = thread.next(result);
  }
  return next.value;
}

/** The kind of a step in which two runs differ. */
export type StepKind = 'read' | 'flush' | 'lock' | 'count' | 'message' | 'change';

export interface Told {
  readonly kind: StepKind;
  readonly text: string;
}

const FLUSHES: ReadonlySet<string> = new Set(['barrier_dsb', 'barrier_isb', 'issue', 'in_one', 'settled']);

function kindOfStep(step: Step): StepKind {
  switch (step.op) {
    case 'read':
      return 'read';
    case 'call':
      if (!step.operation.writes) return 'read';
      return FLUSHES.has(step.operation.name) ? 'flush' : 'change';
    case 'lock':
    case 'unlock':
      return 'lock';
    case 'printk':
    case 'warn':
    case 'bug':
      return 'message';
    default:
      return 'change';
  }
}

/** Leaves out the configuration. */
const plain = (_: string, value: unknown): unknown =>
  typeof value === 'object' && value !== null && 'PAGE_SIZE' in value ? 'c' : value;

const tell = (step: Step): Told => ({
  kind: kindOfStep(step),
  text:
    step.op === 'call'
      ? `${step.operation.name} ${JSON.stringify(step.args, plain)}`
      : JSON.stringify(step, plain),
});

export interface Trace {
  /** Hashes of all steps, and of those that change something. */
  readonly steps: string;
  readonly effects: string;
  /** The steps themselves, if requested. */
  readonly told: readonly Told[];
}

/** The steps of all runners since the recorder was started. */
export class Recorder {
  static #current: Recorder | null = null;
  readonly #steps = createHash('sha1');
  readonly #effects = createHash('sha1');
  readonly #told: Told[] = [];
  readonly #keep: boolean;

  constructor(keep = false) {
    this.#keep = keep;
    Recorder.#current = this;
  }

  static #watch: ((step: Step) => void) | null = null;

  static tell(step: Step): void {
    if (Recorder.#current) Recorder.#current.#record(step);
    Recorder.#watch?.(step);
  }

  /** Calls `watch` for every step of every runner while `body` runs. */
  static watching<T>(watch: (step: Step) => void, body: () => T): T {
    Recorder.#watch = watch;
    try {
      return body();
    } finally {
      Recorder.#watch = null;
    }
  }

  #record(step: Step): void {
    if (step.op === 'enter' || step.op === 'forget' || step.op === 'leave') return;
    const told = tell(step);
    this.#steps.update(told.text);
    if (told.kind !== 'read') this.#effects.update(told.text);
    if (this.#keep) this.#told.push(told);
  }

  /** `size` stands for steps that no runner performed. */
  end(size = ''): Trace {
    Recorder.#current = null;
    return {
      steps: this.#steps.update(size).digest('hex'),
      effects: this.#effects.digest('hex'),
      told: this.#told,
    };
  }

  /** From now on every runner reports its steps. */
  static install(): void {
    const { run } = Runner.prototype;
    Runner.prototype.run = function <T>(this: Runner, thread: Steps<T>, meanwhile?: () => boolean) {
      return run.call(
        this,
        witnessed(thread, (step) => Recorder.tell(step)),
        meanwhile,
      ) as never;
    };
  }
}
