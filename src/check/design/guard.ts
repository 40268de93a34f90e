import type { Arch } from '../../geometry/sizes.ts';
import { NotModelled } from '../../kernel/kernel/runtime.ts';
import type { Kernel, KernelFunctions } from '../../kernel/kernel.ts';
import type { Release } from '../../releases/define.ts';
import { type DesignedRelease, defined } from '../../releases/design.ts';
import type { CallStep, Step } from '../../steps/step.ts';
import { DesignFault, DesignLate, thrownText } from './design-fault.ts';
import { wrongStep } from './kernel-step.ts';
import { kindOf, type ReturnKind, type Returns } from './returns.ts';
import { checkTaken, isSteps, noteSteps, type Untaken, watchKernel } from './untaken.ts';

export interface Guard {
  /** The most steps of one call; a call that exceeds it is taken to be endless. */
  readonly max_steps: number;
  /** The kinds of values that the functions of the base return. */
  readonly returns: Returns;
  /** Receives each step that a function of the design or one of its callees takes. */
  readonly note?: (fn: string, step: Step) => void;
  /** The place where an exception was thrown, as "design.js:12". */
  readonly place?: (error: unknown) => string;
  /** Runs code of the design that may never come back; what it throws then is a {@link DesignLate}. */
  readonly briefly?: <T>(run: () => T) => T;
  /** Checks an operation that the design has defined itself while it is performed. */
  readonly inspect?: (fn: string, step: CallStep) => CallStep;
}

type Called = (this: unknown, ...args: unknown[]) => unknown;

/** Converts an exception inside a function of a design into a fault, unless it already is one. */
function threw(fn: string, guard: Guard, error: unknown): unknown {
  if (isOne(error, DesignLate)) return new DesignFault(fn, error.message);
  if (isOne(error, DesignFault) || isOne(error, NotModelled)) return error;
  const place = guard.place?.(error) ?? '';
  return new DesignFault(fn, `threw ${thrownText(error)}${place && ` (${place})`}`);
}

function isOne<T>(error: unknown, one: new (...args: never[]) => T): error is T {
  try {
    return error instanceof one;
  } catch {
    return false; // a proxy
  }
}

function checkReturn(fn: string, value: unknown, wanted: ReadonlySet<ReturnKind> | undefined): void {
  if (isSteps(value) && !wanted?.has('object'))
    throw new DesignFault(
      fn,
      'returned the steps of a call that it did not take: write yield* before the call',
    );
  if (!wanted || wanted.has('undefined') || value === null) return;
  const kind = kindOf(value);
  if (kind !== 'undefined' && wanted.has('null')) return;
  if (wanted.has(kind)) return;
  throw new DesignFault(fn, `returned ${kind}, where what it replaces returns ${[...wanted].join(' or ')}`);
}

/** Runs a function of the design until it yields or returns. */
function go<T>(fn: string, guard: Guard, untaken: Untaken, run: () => T): T {
  const caller = running;
  running = fn;
  try {
    return noteSteps(untaken, () => (guard.briefly ? guard.briefly(run) : run()));
  } catch (error) {
    throw threw(fn, guard, error);
  } finally {
    running = caller;
  }
}
let running: string | null = null;

/** The function of a design that was running when a run was ended from outside; null if none was. */
export function runningFunction(): string | null {
  const was = running;
  running = null;
  return was;
}

function* guardedSteps(
  fn: string,
  steps: Iterator<unknown>,
  guard: Guard,
  untaken: Untaken,
): Generator<Step, unknown, unknown> {
  let result: unknown;
  for (let n = 0; ; n++) {
    if (n > guard.max_steps)
      throw new DesignFault(fn, `takes more than ${guard.max_steps} steps: it does not end`);
    const next = go(fn, guard, untaken, () => (steps as Iterator<unknown, unknown, unknown>).next(result));
    if (next.done) {
      checkReturn(fn, next.value, guard.returns.get(fn));
      checkTaken(fn, untaken, next.value);
      return next.value;
    }
    const wrong = isSteps(next.value)
      ? 'the steps of a call, and none of them: write yield* before the call'
      : wrongStep(next.value);
    if (wrong !== null) throw new DesignFault(fn, `yields ${wrong}`);
    const given = next.value as Step;
    const step = given.op === 'call' && guard.inspect ? guard.inspect(fn, given) : given;
    guard.note?.(fn, step);
    result = yield step;
  }
}

function guarded(fn: string, own: Called, ofBase: Called, guard: Guard): Called {
  const yields = ofBase.constructor.name === 'GeneratorFunction';
  return function (this: unknown, ...args: unknown[]): unknown {
    const untaken: Untaken = new Map();
    const value = go(fn, guard, untaken, () => own.apply(watchKernel(this as Kernel), args));
    if (yields && !isSteps(value))
      throw new DesignFault(
        fn,
        'is not a generator function, as the one it replaces is: write a * before its name',
      );
    if (yields) return guardedSteps(fn, value as Iterator<unknown>, guard, untaken);
    checkReturn(fn, value, guard.returns.get(fn));
    checkTaken(fn, untaken, value);
    return value;
  };
}

/** A design whose functions are watched. Faults name the function that causes them. */
export function guardDesign(design: DesignedRelease, guard: Guard): Release {
  const made = new Map<Arch, KernelFunctions>();
  return {
    ...design,
    functions: (arch) => {
      const known = made.get(arch);
      if (known) return known;
      const functions = { ...design.functions(arch) } as unknown as Record<string, Called>;
      const ofBase = design.on.functions(arch) as unknown as Readonly<Record<string, Called>>;
      for (const fn of defined(design, arch))
        functions[fn] = guarded(fn, functions[fn]!, ofBase[fn] ?? functions[fn]!, guard);
      const all = functions as unknown as KernelFunctions;
      made.set(arch, all);
      return all;
    },
  };
}
