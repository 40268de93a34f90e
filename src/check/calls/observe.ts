import type { Step, Steps } from '../../steps/step.ts';
import type { Call, PlacedStep, Within } from '../../steps/within.ts';

/** A call of a kernel function, in a kernel that runs alone. */
export interface ObservedCall {
  readonly fn: string;
  /** The function that called it; null for a line of a scenario. */
  readonly caller: string | null;
  /** The function that a line of a scenario called. */
  readonly root: string;
  /** The locks and references held when it was called, without the objects they belong to. */
  readonly held: readonly string[];
}

/** "zone->lock", of "zone->lock 3"; "kn->active", of "kn->active memory32". */
const lockName = (lock: string): string => lock.split(' ')[0]!;

/** The locks that a thread holds. */
class Held {
  readonly #held = new Map<string, number>();

  get names(): string[] {
    return [...this.#held.keys()];
  }

  account(step: Step, result: unknown): void {
    if (step.op === 'lock' && !(step.try && result !== true)) this.#count(step.lock, 1);
    else if (step.op === 'unlock') this.#count(step.lock, -1);
  }

  #count(lock: string, by: number): void {
    const name = lockName(lock);
    const n = (this.#held.get(name) ?? 0) + by;
    if (n > 0) this.#held.set(name, n);
    else this.#held.delete(name);
  }
}

type Note = (call: ObservedCall) => void;

/** For the kernel of a session: notes its calls. A session runs one operation after the other. */
export function noting(note: Note): Within {
  let stack: string[] = [];
  let held = new Held();
  return function* (fn, steps) {
    const within = stack;
    if (within.length === 0) held = new Held();
    note({ fn, caller: within.at(-1) ?? null, root: within[0] ?? fn, held: held.names });
    stack = [...within, fn];
    try {
      if (within.length > 0) return yield* steps;
      let next = steps.next();
      while (!next.done) {
        const result = yield next.value;
        held.account(next.value, result);
        next = steps.next(result);
      }
      return next.value;
    } finally {
      stack = within;
    }
  };
}

/** The calls of a step; the line of a scenario and the function that it calls are one. */
function kernelCalls({ by = [] }: PlacedStep): readonly Call[] {
  const [line, called] = by;
  return line?.text !== undefined && line.fn === called?.fn ? by.slice(1) : by;
}

/** For a thread whose steps name their calls: notes those calls that take steps. */
export function* notingThread(steps: Steps<unknown>, note: Note): Steps<unknown> {
  const held = new Held();
  let noted = 0;
  let next = steps.next();
  while (!next.done) {
    const by = kernelCalls(next.value);
    for (const [i, { nr, fn }] of by.entries()) {
      if (nr <= noted) continue;
      note({ fn, caller: by[i - 1]?.fn ?? null, root: by[0]!.fn, held: held.names });
      noted = nr;
    }
    const result = yield next.value;
    held.account(next.value, result);
    next = steps.next(result);
  }
  return next.value;
}
