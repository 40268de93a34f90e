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

/** An argument, without the configuration. */
function argument(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value);
  return 'PAGE_SIZE' in value ? 'c' : JSON.stringify(value);
}

const tell = (step: Step): Told => ({
  kind: kindOfStep(step),
  text:
    step.op === 'call'
      ? `${step.operation.name} ${step.args.map(argument).join()}`
      : step.op === 'read'
        ? `read ${step.obj} ${step.key} ${step.field}`
        : JSON.stringify(step),
});

/** A hash of texts, taken many at a time. */
class Digest {
  readonly #hash = createHash('sha1');
  #texts: string[] = [];

  add(text: string): void {
    this.#texts.push(text);
    if (this.#texts.length >= 4096) this.#flush();
  }

  #flush(): void {
    this.#hash.update(this.#texts.join('\n'));
    this.#texts = [];
  }

  end(): string {
    this.#flush();
    return this.#hash.digest('hex');
  }
}

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
  readonly #steps = new Digest();
  readonly #effects = new Digest();
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
    this.#steps.add(told.text);
    if (told.kind !== 'read') this.#effects.add(told.text);
    if (this.#keep) this.#told.push(told);
  }

  /** `size` stands for steps that no runner performed. */
  end(size = ''): Trace {
    Recorder.#current = null;
    this.#steps.add(size);
    return {
      steps: this.#steps.end(),
      effects: this.#effects.end(),
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
