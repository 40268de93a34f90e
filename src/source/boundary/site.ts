import type { Int64 } from '../../ir/read/values.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import type { Steps } from '../../steps/step.ts';
import type { Addresses, Place } from '../addresses.ts';
import type { SourceProgram } from '../program.ts';

/** What a warning says, before it is printed. */
export interface Said {
  text?: string;
  /** x86-64, since v6.19: the format of the bug table entry that was passed, and its flags. */
  entry?: { readonly format: Int64; readonly flags: number };
}

/** The point in the kernel's C at which the boundary acts. */
export interface Site {
  readonly k: Kernel;
  readonly program: SourceProgram;
  readonly addresses: Addresses;
  readonly args: readonly Int64[];
  /** The C functions that are running, the innermost first. */
  readonly chain: readonly string[];
  /** Semaphores that this call of C has taken for writing. */
  readonly written: Set<string>;
  /** Pages of copies that only this call of C sees, by pfn: their words, by offset. */
  readonly copies: Map<number, Map<number, Int64>>;
  /** The struct pages that were filled with PAGE_INUSE last, by address. */
  readonly inUse: { readonly start: number; readonly end: number } | null;
  /** The text of a WARN() that follows: WARN() of a format prints first. */
  readonly said: Said;
  place(at: Int64): Place;
  /** A pointer to the task that runs: current. */
  task(): Int64;
  /** A pointer to an object of the model. */
  pointer(object: object | null): Int64;
  /** An access of C, as its load and store instructions do it. */
  read(at: Int64, size: number): Steps<Int64>;
  write(at: Int64, size: number, value: Int64): Steps<void>;
  /** The object of the model to which a pointer refers; null for the null pointer. */
  objectAt(at: Int64): object | null;
  /** The object into which a pointer points, and where. */
  objectAround(at: Int64): { readonly object: object; readonly offset: number };
  /** Ends the run: `what` is not in the boundary. */
  stop(what: string): never;
}

/**
 * How a row of the boundary stands to the kernel: `modelled` is done by the model; `inert` has no effect on anything the
 * model has; `refused` stops the run by name, as everything without a row does.
 */
export type Standing = 'modelled' | 'inert' | 'refused';
