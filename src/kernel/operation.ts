import type { DsbKind } from '../hardware/barriers.ts';
import type { Descriptor } from '../hardware/descriptor.ts';
import type { TlbiOp } from '../hardware/tlbi.ts';
import type { Failure } from '../steps/failure.ts';
import type { Operation } from '../steps/operation.ts';
import type { Step, Value } from '../steps/step.ts';
import type { State } from './state.ts';

/** Entries of page tables that are read or written one by one. */
export interface EntryAccess {
  /** Physical address of the first; below 0 it is a place in a fixmap slot. */
  readonly p: number;
  readonly n: number;
  readonly write: boolean;
}

/** What an operation did, as data: a report puts it in words. */
export type StepTelling =
  /** Entries: what was found in the first of `n`, or written to it. */
  | { readonly kind: 'read'; readonly found: Descriptor; readonly n: number }
  | { readonly kind: 'written'; readonly value: Descriptor; readonly n: number; readonly exchanged: boolean }
  /** Pages, or that there are none; what they are for, as {@link USE} has it. */
  | { readonly kind: 'taken'; readonly pages: PageRange | null; readonly use: number }
  | { readonly kind: 'freed'; readonly pages: PageRange }
  /** Memory, in bytes. */
  | { readonly kind: 'zeroed'; readonly pa: number; readonly size: number }
  /** Instructions. */
  | { readonly kind: 'dsb'; readonly of: DsbKind }
  | { readonly kind: 'isb' }
  | { readonly kind: 'tlbi'; readonly op: TlbiOp }
  /** Books that only the model keeps. */
  | { readonly kind: 'books' };

interface PageRange {
  readonly pfn: number;
  readonly nr_pages: number;
}

/** An operation on the kernel's state, and what it says of itself beside what it does. */
export interface KernelOperation<
  A extends readonly unknown[] = readonly unknown[],
  T = unknown,
  Writes extends boolean = boolean,
> extends Operation<State, A, T, Writes> {
  /** The parts of the state it may change: none when it only looks, else `obj` unless it says otherwise. */
  readonly changes: readonly (keyof State)[];
  /** The entries of page tables it reads or writes, where it goes by entries. */
  entries?(...args: A): EntryAccess;
  /**
   * What else it touches of page tables: the order of all writes and invalidations (barriers and TLBI), memory, or any
   * entry. What says neither this nor {@link entries} may look at all of the state.
   */
  tables?(...args: A): 'order' | 'any' | { readonly pa: number; readonly size: number };
  /** Whether it can go on: else it waits until `obj` changes. */
  ready?(state: State, ...args: A): boolean;
  /**
   * What is wrong with it in this state: an access through a pointer that has outlived what it pointed to, pages given
   * back that are not the allocator's to take. The explorer ends the thread there; run alone the kernel goes on.
   */
  fault?(state: State, ...args: A): Failure | undefined;
  /** What a story wants to know of the state before it. */
  about?(state: State, ...args: A): PagesAbout;
  /** How a story tells it; without it by its name, its arguments and its result. There is no result where it is a fault. */
  tell?(args: A, result: T | undefined): StepTelling | undefined;
}

/** What the first of some pages is used for, as {@link USE} has it. */
export interface PagesAbout {
  readonly kind: 'pages';
  readonly use: number;
}

/** Declare an operation, beside the kernel file it belongs to. */
export function operation<A extends readonly unknown[], T, Writes extends boolean>(
  declared: Omit<KernelOperation<A, T, Writes>, 'changes'> &
    Partial<Pick<KernelOperation<A, T, Writes>, 'changes'>>,
): KernelOperation<A, T, Writes> {
  const { obj, writes } = declared;
  return Object.freeze({ changes: writes ? [obj as keyof State] : [], ...declared });
}

/** How a story tells a step that has been performed; undefined where its operation does not say. */
export const telling_of = (step: Step | undefined, result: Value): StepTelling | undefined =>
  step?.op === 'call' ? (step.operation as KernelOperation).tell?.(step.args, result) : undefined;
