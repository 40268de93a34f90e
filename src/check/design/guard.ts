import type { Arch } from '../../geometry/sizes.ts';
import { NotModelled } from '../../kernel/kernel/runtime.ts';
import type { KernelFunctions } from '../../kernel/kernel.ts';
import type { Release } from '../../releases/define.ts';
import { type DesignedRelease, defined } from '../../releases/design.ts';
import type { Step } from '../../steps/step.ts';
import { DesignFault } from './design-fault.ts';
import { wrongStep } from './kernel-step.ts';
import { kindOf, type ReturnKind, type Returns } from './returns.ts';

export interface Guard {
  /** The most steps of one call; a call that exceeds it is taken to be endless. */
  readonly max_steps: number;
  /** The kinds of values that the functions of the base return. */
  readonly returns: Returns;
  /** Receives each step that a function of the design or one of its callees takes. */
  readonly note?: (fn: string, step: Step) => void;
  /** The place where an exception was thrown, as "design.js:12". */
  readonly place?: (error: unknown) => string;
  /** Receives the name of the design's function that runs now; null when none does. */
  readonly running?: (fn: string | null) => void;
}

type Called = (this: unknown, ...args: unknown[]) => unknown;

const isSteps = (value: unknown): value is Iterator<unknown> =>
  typeof value === 'object' && value !== null && typeof (value as Iterator<unknown>).next === 'function';

/** Converts an exception inside a function of a design into a fault, unless it already is one. */
function threw(fn: string, guard: Guard, error: unknown): unknown {
  if (error instanceof DesignFault || error instanceof NotModelled) return error;
  const what = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  const place = guard.place?.(error) ?? '';
  return new DesignFault(fn, `threw ${what}${place && ` (${place})`}`, error);
}

function checkReturn(fn: string, value: unknown, wanted: ReadonlySet<ReturnKind> | undefined): void {
  if (!wanted || wanted.has('undefined') || value === null) return;
  const kind = kindOf(value);
  if (kind !== 'undefined' && wanted.has('null')) return;
  if (wanted.has(kind)) return;
  throw new DesignFault(fn, `returned ${kind}, where what it replaces returns ${[...wanted].join(' or ')}`);
}

/** Runs a function of the design until it yields or returns. */
function go<T>(fn: string, guard: Guard, run: () => T): T {
  const caller = running;
  running = fn;
  guard.running?.(fn);
  try {
    return run();
  } catch (error) {
    throw threw(fn, guard, error);
  } finally {
    running = caller;
    guard.running?.(caller);
  }
}
let running: string | null = null;

function* guardedSteps(
  fn: string,
  steps: Iterator<unknown>,
  guard: Guard,
): Generator<Step, unknown, unknown> {
  let result: unknown;
  for (let n = 0; ; n++) {
    if (n > guard.max_steps)
      throw new DesignFault(fn, `takes more than ${guard.max_steps} steps: it does not end`);
    const next = go(fn, guard, () => (steps as Iterator<unknown, unknown, unknown>).next(result));
    if (next.done) {
      checkReturn(fn, next.value, guard.returns.get(fn));
      return next.value;
    }
    const wrong = wrongStep(next.value);
    if (wrong !== null) throw new DesignFault(fn, `yields ${wrong}`);
    const step = next.value as Step;
    guard.note?.(fn, step);
    result = yield step;
  }
}

function guarded(fn: string, own: Called, ofBase: Called, guard: Guard): Called {
  const yields = ofBase.constructor.name === 'GeneratorFunction';
  return function (this: unknown, ...args: unknown[]): unknown {
    const value = go(fn, guard, () => own.apply(this, args));
    if (yields && !isSteps(value))
      throw new DesignFault(
        fn,
        'is not a generator function, as the one it replaces is: write a * before its name',
      );
    if (yields) return guardedSteps(fn, value as Iterator<unknown>, guard);
    checkReturn(fn, value, guard.returns.get(fn));
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
