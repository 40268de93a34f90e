import type { Steps, Value } from '../../steps/step.ts';
import type { PlacedStep } from '../../steps/within.ts';
import type { Semantics } from './semantics.ts';
import { type FrameCode, FrameThread, GeneratorThread, type Thread } from './thread.ts';

/** The objects of one table by key; an object is its fields by name. */
export type Table = Readonly<Record<number, Readonly<Record<string, Value>>>>;

/** One thread of a program: generator code (`run`) or explicit-frame code (`frame`). */
export interface ThreadCode {
  readonly name: string;
  run?(...args: unknown[]): Steps<unknown>;
  readonly frame?: FrameCode<unknown>;
  /** A dormant thread runs only after another thread starts it (`start`, `call_rcu`). */
  readonly dormant?: boolean;
  /** Other threads may join it; its end is then a step of its own. */
  readonly joinable?: boolean;
  /** A daemon may wait forever: it counts as ended while it is blocked. */
  readonly daemon?: boolean;
}

/** Threads over shared state. */
export interface Program {
  readonly name: string;
  /** The shared objects before the first step. */
  readonly tables?: Readonly<Record<string, Table>>;
  /** Tables that `call` steps treat as a whole; their fields are all declared in `tables`. */
  readonly wholes?: readonly string[];
  readonly threads: readonly ThreadCode[];
  /** Every allocation may fail, even if its step does not say so. */
  readonly failures?: boolean;
  /** Signals may arrive in every loop that waits for one. */
  readonly signals?: boolean;
  /** The semantics of data steps, if tables of objects are not enough. */
  readonly machine?: Semantics<unknown>;
  /** The same program with steps that name the calls in which they are taken ({@link PlacedStep}); used for stories. */
  readonly narrated?: () => Program;
}

/** A thread at its first step. */
export function spawn(code: ThreadCode, args: readonly Value[]): Thread {
  if (code.run !== undefined) return new GeneratorThread(code.run, args, code.name);
  if (code.frame !== undefined) return new FrameThread(code.frame, code.frame.start(...args));
  throw new Error(`thread ${code.name} has neither run nor frame`);
}

/** Rejects a program that cannot be run; the error names the reason. */
export function validate(program: Program): void {
  const names = new Set(program.threads.map((t) => t.name));
  if (names.size !== program.threads.length) throw new Error(`${program.name}: two threads share a name`);
  if (names.size === 0) throw new Error(`${program.name}: no threads`);
  if (names.size > MAX_THREADS) throw new Error(`${program.name}: more than ${MAX_THREADS} threads`);
  for (const t of program.threads) {
    if ((t.run === undefined) === (t.frame === undefined)) {
      throw new Error(`${program.name}: thread ${t.name} needs either run or frame`);
    }
  }
}

/** A set of threads is a bit mask in one integer. */
export const MAX_THREADS = 29;
