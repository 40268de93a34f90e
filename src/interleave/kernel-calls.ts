import type { Kernel } from '../kernel/kernel.ts';
import { canon } from '../schedule/data/canon.ts';
import { GeneratorThread } from '../schedule/program/thread.ts';
import type { Steps, Value } from '../steps/step.ts';
import type { PlacedStep } from '../steps/within.ts';
import { narrated } from './narrate.ts';

/** A kernel function called inside a frame, as data: its arguments, and the results it has received since. */
export interface KernelCall {
  readonly fn: KernelFunctionName;
  readonly args: readonly Value[];
  /**
   * How many calls its thread had made before this one, and how many calls this one makes up with those seen inside it.
   */
  readonly after: number;
  readonly made: number;
  readonly seen: Seen | undefined;
}

/** The results of its steps, the last first. */
interface Seen {
  readonly value: Value;
  readonly before: Seen | undefined;
}

export type KernelFunctionName = {
  [F in keyof Kernel]-?: Kernel[F] extends (...args: never[]) => Steps<unknown> ? F : never;
}[keyof Kernel];

type Called = (...args: readonly Value[]) => Steps<unknown>;

const results = (call: KernelCall): Value[] => {
  const values: Value[] = [];
  for (let s = call.seen; s; s = s.before) values.push(s.value);
  return values.reverse();
};

/**
 * Calls of kernel functions made by frames. A call object is never changed but replaced; its generator belongs to the
 * latest object.
 */
export class KernelCalls {
  readonly #k: Kernel;
  readonly #narrated: boolean;
  readonly #live = new WeakMap<KernelCall, GeneratorThread>();

  constructor(k: Kernel, narrated: boolean) {
    this.#k = k;
    this.#narrated = narrated;
  }

  /** Calls `fn`; `after` is the number of calls the thread has made so far. */
  begin(fn: KernelFunctionName, args: readonly Value[], after: number): KernelCall {
    return { fn, args, after, made: 1, seen: undefined };
  }

  /**
   * The call's next step; undefined once it has returned. Steps name the calls inside it in threads that are narrated.
   */
  step(call: KernelCall): PlacedStep | undefined {
    const step: PlacedStep | undefined = this.#thread(call).step;
    if (!step?.by) return step;
    return { ...step, by: step.by.map((one) => ({ ...one, nr: call.after + one.nr })) };
  }

  take(call: KernelCall, value: Value): KernelCall {
    const thread = this.#thread(call);
    const { by = [] }: { readonly by?: PlacedStep['by'] } = thread.step as PlacedStep;
    this.#live.delete(call);
    thread.take(value);
    const made = Math.max(call.made, ...by.map(({ nr }) => nr));
    const next = { ...call, made, seen: { value, before: call.seen } };
    this.#live.set(next, thread);
    return next;
  }

  returned(call: KernelCall): Value {
    return this.#thread(call).returned;
  }

  /** A text that decides the call's future. */
  remembers(call: KernelCall): string {
    return `${call.fn} ${canon(call.args)} ${this.#thread(call).remembers()}`;
  }

  /**
   * A generator thread at the call's current position. If the generator has gone on for another object, it is rebuilt
   * from the results seen.
   */
  #thread(call: KernelCall): GeneratorThread {
    const known = this.#live.get(call);
    if (known) return known;
    const run = (k: Kernel): Steps<unknown> => (k[call.fn] as Called).apply(k, [...call.args]);
    const k = this.#k;
    const thread = new GeneratorThread(() => (this.#narrated ? narrated(k, run) : run(k)), [], call.fn);
    for (const value of results(call)) thread.take(value);
    this.#live.set(call, thread);
    return thread;
  }
}
