import type { MarkStep, Step, Steps, Value } from '../../steps/step.ts';
import type { Call, PlacedStep } from '../../steps/within.ts';
import { canon } from '../data/canon.ts';
import { BadStep } from './bad-step.ts';

/** The explorer's view of a thread: its next step, how it takes a result, what it remembers, and a copy of it. */
export interface Thread {
  /** The step it is about to take; undefined once it has ended. */
  readonly step: Step | undefined;
  /** What it returned; undefined until it has ended. */
  readonly returned: Value;
  /** Takes the result of its step, and moves on to the next step. */
  take(result: Value): void;
  /** Whether the thread remembers less after the last {@link take} than all it has observed. */
  readonly forgot: boolean;
  /** A text that decides its future: two threads of one kind with equal texts behave the same from here on. */
  remembers(): string;
  copy(): Thread;
}

/** A running function: its position, what it remembers from there, and its observations since. */
interface Scope {
  readonly at: string;
  readonly live: readonly Value[];
  readonly seen: Seen | undefined;
}

/** The observations since, the last first. */
interface Seen {
  readonly value: Value;
  readonly before: Seen | undefined;
}

function extended({ at, live, seen }: Scope, value: Value): Scope {
  return { at, live, seen: { value, before: seen } };
}

function listed(seen: Seen | undefined): Value[] {
  const values: Value[] = [];
  for (let s = seen; s !== undefined; s = s.before) values.push(s.value);
  return values;
}

/**
 * A thread that is a generator function. Its copy is a new generator that has received the same results. The function
 * must therefore be deterministic: the same results in, the same steps out.
 */
export class GeneratorThread implements Thread {
  step: Step | undefined;
  returned: Value;
  forgot = false;
  readonly #run: (...args: Value[]) => Steps<unknown>;
  readonly #args: readonly Value[];
  readonly #generator: Steps<unknown>;
  readonly #observed: Value[] = [];
  /** The running function, linked to its callers up to the outermost. */
  #top: Scope;
  #callers: readonly Scope[] = [];

  readonly #name: string;

  constructor(run: (...args: Value[]) => Steps<unknown>, args: readonly Value[], name = '') {
    this.#name = name;
    this.#run = run;
    this.#args = args;
    this.#generator = run(...args);
    if (typeof (this.#generator as Partial<Steps<unknown>> | undefined)?.next !== 'function')
      throw new BadStep(`thread ${name}: run is not a generator function`);
    this.#top = { at: '', live: args, seen: undefined };
    this.#advance(undefined);
  }

  take(result: Value): void {
    this.#top = extended(this.#top, result);
    this.#feed(result);
  }

  remembers(): string {
    return canon([...this.#callers, this.#top].map(({ at, live, seen }) => [at, live, listed(seen)]));
  }

  copy(): GeneratorThread {
    const twin = new GeneratorThread(this.#run, this.#args, this.#name);
    for (const value of this.#observed) twin.#feed(value);
    twin.#top = this.#top;
    twin.#callers = this.#callers;
    return twin;
  }

  /** Takes a result without updating what is remembered. */
  #feed(result: Value): void {
    this.#observed.push(result);
    this.#advance(result);
  }

  #advance(result: Value): void {
    this.forgot = false;
    let next = this.#checked(this.#generator.next(result));
    while (!next.done && isMark(next.value)) {
      this.#mark(next.value);
      next = this.#checked(this.#generator.next(undefined));
    }
    this.step = next.done ? undefined : next.value;
    this.returned = next.done ? next.value : undefined;
  }

  #checked(next: IteratorResult<Step, unknown>): IteratorResult<Step, unknown> {
    if (next.done || typeof (next.value as Partial<Step> | undefined)?.op === 'string') return next;
    throw new BadStep(`thread ${this.#name} yields something that is not a step`);
  }

  #mark(mark: MarkStep): void {
    if (mark.op === 'enter') {
      this.#callers = [...this.#callers, this.#top];
      this.#top = { at: mark.at, live: mark.live, seen: undefined };
      return;
    }
    if (mark.op === 'forget') {
      this.#top = { at: mark.at, live: mark.live, seen: undefined };
    } else {
      const caller = this.#callers.at(-1);
      if (caller === undefined) throw new Error('leave without enter');
      this.#callers = this.#callers.slice(0, -1);
      this.#top = extended(caller, mark.value);
    }
    this.forgot = true;
  }
}

function isMark(step: Step): step is MarkStep {
  return step.op === 'enter' || step.op === 'forget' || step.op === 'leave';
}

/** A thread as data: the frame holds the complete state of the thread, and is never modified but replaced. */
export interface FrameCode<F> {
  start(...args: Value[]): F;
  /** The step the frame is about to take, or undefined at its end. */
  step(frame: F): Step | undefined;
  take(frame: F, result: Value): F;
  /** The return value of an ended frame. */
  returned?(frame: F): Value;
  /**
   * A text of all that decides the frame's future: its position, and the data it still needs. Frames with equal texts
   * are one state, so leave out dead data and data used only for stories. Default: the whole frame, as plain data.
   */
  remembers?(frame: F): string;
  /**
   * The running functions, the outermost first. A call keeps its number while it runs, and no other call of the thread
   * has that number.
   */
  calls?(frame: F): readonly Call[];
}

/** A thread that is an explicit frame. Its copy is the frame itself; the frame code says what it remembers. */
export class FrameThread<F> implements Thread {
  readonly forgot = true;
  step: Step | undefined;
  readonly #code: FrameCode<F>;
  #frame: F;

  constructor(code: FrameCode<F>, frame: F) {
    this.#code = code;
    this.#frame = frame;
    this.step = code.step(frame);
  }

  get returned(): Value {
    return this.#code.returned?.(this.#frame);
  }

  take(result: Value): void {
    this.#frame = this.#code.take(this.#frame, result);
    this.step = this.#code.step(this.#frame);
  }

  remembers(): string {
    return this.#code.remembers?.(this.#frame) ?? canon(this.#frame);
  }

  copy(): FrameThread<F> {
    return new FrameThread(this.#code, this.#frame);
  }
}

/** The same frames with steps that name the calls in which they are taken, including calls inside a step. */
export const narratedFrames = <F>(code: FrameCode<F>): FrameCode<F> => ({
  start: (...args) => code.start(...args),
  step(frame) {
    const step: PlacedStep | undefined = code.step(frame);
    if (step === undefined) return undefined;
    const placed: PlacedStep = { ...step, by: [...(code.calls?.(frame) ?? []), ...(step.by ?? [])] };
    return placed;
  },
  take: (frame, result) => code.take(frame, result),
  returned: (frame) => code.returned?.(frame),
  remembers: (frame) => code.remembers?.(frame) ?? canon(frame),
});
