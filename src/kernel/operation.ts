import type { Descriptor } from '../hardware/descriptor/descriptor.ts';
import type { DsbKind } from '../hardware/tlb/barriers.ts';
import type { TlbiOp } from '../hardware/tlb/tlbi.ts';
import type { Failure } from '../steps/failure.ts';
import type { Operation } from '../steps/operation.ts';
import type { Step, Value } from '../steps/step.ts';
import type { State } from './state.ts';

/** Entries of page tables that are read or written one by one. */
export interface EntryAccess {
  /** The physical address of the first; below 0 it is a place in a fixmap slot. */
  readonly p: number;
  readonly n: number;
  readonly write: boolean;
}

/** The effect of an operation, as data; reports turn it into words. */
export type StepTelling =
  /** Entries: the value found in the first of `n`, or the value written to it. */
  | { readonly kind: 'read'; readonly found: Descriptor; readonly n: number }
  | { readonly kind: 'written'; readonly value: Descriptor; readonly n: number; readonly exchanged: boolean }
  /** Allocated pages, or null; their use is one of {@link USE}. */
  | { readonly kind: 'taken'; readonly pages: PageRange | null; readonly use: number }
  | { readonly kind: 'freed'; readonly pages: PageRange }
  /** Zeroed memory, in bytes. */
  | { readonly kind: 'zeroed'; readonly pa: number; readonly size: number }
  /** Instructions. */
  | { readonly kind: 'dsb'; readonly of: DsbKind }
  | { readonly kind: 'isb' }
  | { readonly kind: 'tlbi'; readonly op: TlbiOp }
  /**
   * An expression of the C that is read or assigned, with its value; `of` names the kind of the value where the last
   * member of the expression does not.
   */
  | { readonly kind: 'reads' | 'writes'; readonly what: string; readonly value?: Value; readonly of?: string }
  /** A call of a function or macro that is one access, with what it returns. */
  | { readonly kind: 'does'; readonly what: string; readonly value?: Value }
  /** Whether an object of a table exists. */
  | {
      readonly kind: 'exists';
      readonly obj: string;
      readonly key: number;
      readonly found: boolean | undefined;
    }
  /** A load or store, and the fault it takes. */
  | { readonly kind: 'touched'; readonly va: number; readonly write: boolean; readonly fault: string | null }
  /** Bookkeeping of the model alone. */
  | { readonly kind: 'books' };

interface PageRange {
  readonly pfn: number;
  readonly nr_pages: number;
}

/** An operation on the kernel's state, with a description of its accesses. */
export interface KernelOperation<
  A extends readonly unknown[] = readonly unknown[],
  T = unknown,
  Writes extends boolean = boolean,
> extends Operation<State, A, T, Writes> {
  /** The parts of the state it may change: none if it only reads; `obj` by default. */
  readonly changes: readonly (keyof State)[];
  /** The entries of page tables it reads or writes, if it accesses single entries. */
  entries?(...args: A): EntryAccess;
  /**
   * Its other accesses to page tables: the order of all writes and invalidations (barriers and TLBI), a range of
   * memory, or any entry. An operation with neither this nor {@link entries} may read all of the state.
   */
  tables?(...args: NoInfer<A>): 'order' | 'any' | { readonly pa: number; readonly size: number };
  /** Whether it can continue; otherwise it waits until `obj` changes. */
  ready?(state: State, ...args: A): boolean;
  /**
   * What is wrong with it in this state: an access through a stale pointer, or freed pages that do not belong to the
   * allocator. The explorer ends the thread there; run alone, the kernel continues.
   */
  fault?(state: State, ...args: A): Failure | undefined;
  /** Data for a story on the state before it. */
  about?(state: State, ...args: A): PagesAbout;
  /**
   * How a story tells it; by default by its name, its arguments and its result. If it is a fault, there is no result.
   */
  tell?(args: NoInfer<A>, result: NoInfer<T> | undefined): StepTelling | undefined;
}

/** The use of the first of some pages, one of {@link USE}. */
export interface PagesAbout {
  readonly kind: 'pages';
  readonly use: number;
}

/** Declares an operation, beside the kernel file to which it belongs. */
export function operation<A extends readonly unknown[], T, Writes extends boolean>(
  declared: Omit<KernelOperation<A, T, Writes>, 'changes'> &
    Partial<Pick<KernelOperation<A, T, Writes>, 'changes'>>,
): KernelOperation<A, T, Writes> {
  const { obj, writes } = declared;
  return Object.freeze({ changes: writes ? [obj as keyof State] : [], ...declared });
}

/** How a story tells a step that has been performed; undefined if its operation does not say. */
export const telling_of = (step: Step | undefined, result: Value): StepTelling | undefined =>
  step?.op === 'call' ? (step.operation as KernelOperation).tell?.(step.args, result) : undefined;
