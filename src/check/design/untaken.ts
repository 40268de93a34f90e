import type { Kernel, KernelFunctions } from '../../kernel/kernel.ts';
import type { Design } from '../../releases/design.ts';
import { DesignFault } from './design-fault.ts';

/**
 * Steps that a design makes and does not take: a call without `yield*` does nothing in JavaScript, where the call in C
 * would. They are known for calls on the kernel, of the functions of the base, of what `mhp` exports, and of the design's
 * own generator functions.
 */

type Called = (this: unknown, ...args: unknown[]) => unknown;

/** Steps that one call of a function of a design has made and not yet begun, by the name of what made them. */
export type Untaken = Map<object, string>;

let making: Untaken | null = null;

/** Runs code of a design; the steps that it makes are noted. */
export function noteSteps<T>(untaken: Untaken, run: () => T): T {
  const caller = making;
  making = untaken;
  try {
    return run();
  } finally {
    making = caller;
  }
}

export const isSteps = (value: unknown): value is Iterator<unknown> =>
  typeof value === 'object' && value !== null && typeof (value as Iterator<unknown>).next === 'function';

/** Steps that note when they are begun: by `yield*`, which asks for their iterator, or by a call of `next`. */
class Noted implements IterableIterator<unknown> {
  readonly #steps: Generator<unknown, unknown, unknown>;
  readonly #untaken: Untaken;

  constructor(steps: Generator<unknown, unknown, unknown>, name: string, untaken: Untaken) {
    this.#steps = steps;
    this.#untaken = untaken;
    untaken.set(this, name);
  }

  #begin(): Generator<unknown, unknown, unknown> {
    this.#untaken.delete(this);
    return this.#steps;
  }

  [Symbol.iterator](): Generator<unknown, unknown, unknown> {
    return this.#begin();
  }

  next(...sent: [] | [unknown]): IteratorResult<unknown, unknown> {
    return this.#begin().next(...sent);
  }

  return(value?: unknown): IteratorResult<unknown, unknown> {
    return this.#begin().return(value);
  }

  throw(error?: unknown): IteratorResult<unknown, unknown> {
    return this.#begin().throw(error);
  }
}

/** What a watched function stands for. */
const originals = new WeakMap<object, unknown>();

/** The same function, whose steps are noted if code of a design calls it. */
function watched(name: string, fn: Called, receiver: (self: unknown) => unknown): Called {
  const one: Called = function (...args) {
    const value = fn.apply(receiver(this), args);
    return making !== null && isSteps(value)
      ? new Noted(value as Generator<unknown, unknown, unknown>, name, making)
      : value;
  };
  originals.set(one, fn);
  return one;
}

const kernels = new WeakMap<object, object>();

/** The kernel behind one that is watched. */
function plainKernel(k: unknown): unknown {
  return (typeof k === 'object' && k !== null && originals.get(k)) || k;
}

/** A kernel as the functions of a design see it. */
export function watchKernel(k: Kernel): Kernel {
  const known = kernels.get(k);
  if (known || originals.has(k)) return (known ?? k) as Kernel;
  const entries = Object.entries(k).map(([name, value]) => [
    name,
    typeof value === 'function' ? watched(name, value as Called, plainKernel) : value,
  ]);
  const view = Object.freeze(Object.fromEntries(entries)) as Kernel;
  kernels.set(k, view);
  originals.set(view, k);
  return view;
}

/** A generator function of a design's own. */
export const watchOwn = (name: string, fn: Called): Called => watched(name, fn, (self) => self);

const isGenerator = (value: unknown): value is Called =>
  typeof value === 'function' && value.constructor.name === 'GeneratorFunction';

/** What a module exports, with those of its functions watched that make steps. */
export const watchExports = <T extends object>(exports: T): T =>
  Object.fromEntries(
    Object.entries(exports).map(([name, value]) => [
      name,
      isGenerator(value) ? watchOwn(name, value) : value,
    ]),
  ) as T;

const plainFunctions = (functions: unknown): unknown =>
  typeof functions === 'object' && functions !== null
    ? Object.fromEntries(
        Object.entries(functions).map(([name, fn]) => [
          name,
          (typeof fn === 'function' && originals.get(fn)) || fn,
        ]),
      )
    : functions;

type Make = (base: KernelFunctions) => unknown;

/** Overrides that are made from functions of the base which are watched. */
function watchedOverrides(overrides: unknown): unknown {
  if (typeof overrides !== 'function') return overrides;
  return (base: KernelFunctions) => plainFunctions((overrides as Make)(watchFunctions(base)));
}

const watchFunctions = (functions: KernelFunctions): KernelFunctions =>
  Object.fromEntries(
    Object.entries(functions).map(([name, fn]) => [name, watched(name, fn as Called, plainKernel)]),
  ) as unknown as KernelFunctions;

/** A design whose calls of the base are watched. */
export function watchDesign(design: Design): Design {
  const groups = Object.entries(design).map(([key, value]) => [
    key,
    key === 'arch' && typeof value === 'object' && value !== null
      ? Object.fromEntries(Object.entries(value).map(([arch, one]) => [arch, watchedOverrides(one)]))
      : watchedOverrides(value),
  ]);
  return Object.fromEntries(groups) as Design;
}

/** At most so many calls are named. */
const NAMED = 3;

/** @throws DesignFault if steps other than those that it returns are left */
export function checkTaken(fn: string, untaken: Untaken, returned: unknown): void {
  const left = [...untaken].filter(([steps]) => steps !== returned).map(([, name]) => `${name}()`);
  if (left.length === 0) return;
  const calls = [...new Set(left)];
  const more = calls.length > NAMED ? ' and others' : '';
  throw new DesignFault(
    fn,
    `calls ${calls.slice(0, NAMED).join(', ')}${more} and does not take the steps: write yield* before the call`,
  );
}
