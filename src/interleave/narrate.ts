import { isKernelFunction } from '../kernel/function-names.ts';
import type { Kernel } from '../kernel/kernel.ts';
import type { Step, Steps } from '../steps/step.ts';
import type { Call, PlacedStep, Within } from '../steps/within.ts';

const isSteps = (value: unknown): value is Steps<unknown> =>
  typeof value === 'object' && value !== null && 'next' in value;

type AnyFunction = (this: unknown, ...args: unknown[]) => unknown;

const noted = (name: string, fn: AnyFunction, within: Within): AnyFunction =>
  function (...args) {
    const value = fn.apply(this, args);
    return isSteps(value) ? within(name, value) : value;
  };

/**
 * The same kernel, whose functions record their calls. The model's own functions (`$name`) are told as part of their
 * caller.
 */
export function notingKernel(k: Kernel, within: Within): Kernel {
  const entries = Object.entries(k).map(([name, value]) => [
    name,
    typeof value === 'function' && isKernelFunction(name) ? noted(name, value as AnyFunction, within) : value,
  ]);
  return {
    ...(Object.fromEntries(entries) as Kernel),
    narrated: true,
    memory_chain: k.memory_chain.map((notify) =>
      noted(notify.name, notify as AnyFunction, within),
    ) as unknown as Kernel['memory_chain'],
  };
}

/** The steps of a call, each with the call before those in which it was taken. */
function* placed<T>(call: Call, steps: Steps<T>): Steps<T> {
  for (let next = steps.next(); ; ) {
    if (next.done) return next.value;
    const { by = [] }: PlacedStep = next.value;
    const inner = by.map((one) => (one.nr < 1 ? { ...one, nr: call.nr + one.nr } : one));
    const step: PlacedStep = { ...next.value, by: [call, ...inner] };
    next = steps.next(yield step as Step);
  }
}

/**
 * A kernel thread that runs as before, with each of its steps naming the calls in which it was taken ({@link
 * PlacedStep}).
 */
export function* narrated(k: Kernel, run: (k: Kernel, within: Within) => Steps<unknown>): Steps<unknown> {
  let nr = 0;
  const within: Within = function* (fn, steps, text) {
    nr++;
    return yield* placed({ nr, fn, ...(text === undefined ? {} : { text }) }, steps);
  };
  const steps = run(notingKernel(k, within), within);
  for (let next = steps.next(); ; ) {
    if (next.done) return next.value;
    const step: PlacedStep = { by: [], ...next.value };
    next = steps.next(yield step as Step);
  }
}
