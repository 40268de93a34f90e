/** A failure as data. Monitors, faults of steps and expectations of scenarios all produce it. */

/** Kinds of failures that a step can cause or that monitors of any program report. */
export const EXPLORER_FAILURES = [
  'use-after-free',
  'wild-access',
  'double-free',
  'lock-misuse',
  'misuse',
  'bug',
  'warn',
  'deadlock',
  'livelock',
  'lock-order',
  'leak',
  'invariant',
] as const;

/** Kinds that monitors of page tables and TLBs report, in any state. */
export const TABLE_FAILURES = [
  'free-pages',
  'walk-caches',
  'free-tables',
  'break-before-make',
  'in-flight',
  'kept-tables',
] as const;

/** Kinds that operations run one after the other can cause. */
export const STEP_FAILURES = ['bug', 'warn', 'lock', 'hang', 'invariant', 'expectation'] as const;

/** Kinds that operations on modelled struct pages can cause. */
export const MEMMAP_FAILURES = [
  'access',
  'contents',
  'cost',
  'bug',
  'warn',
  'invariant',
  'expectation',
] as const;

export type FailureKind =
  | (typeof EXPLORER_FAILURES)[number]
  | (typeof TABLE_FAILURES)[number]
  | (typeof STEP_FAILURES)[number]
  | (typeof MEMMAP_FAILURES)[number]
  /** A scenario could not be prepared on a design. */
  | 'preparation';

/** The subjects of a failure. Each kind documents which of these fields it sets. */
export interface Subjects {
  /** The thread, by its name in the program. */
  readonly thread?: string;
  /** The threads of a cycle, or the threads that wait. */
  readonly threads?: readonly string[];
  /**
   * The function in which the failure occurred: the one that reports the kernel's bug or warning, or the innermost one.
   */
  readonly function?: string;
  /** The thread's task: the function it was to call, or the step of a scenario. */
  readonly operation?: string;
  /** The task of another thread that runs meanwhile. */
  readonly meanwhile?: string;
  /** The task of the thread that freed the page: the function it was to call. */
  readonly freed_by?: string;
  /** The task of the thread that removed the mapping (the function it was to call), or `nobody`. */
  readonly unmapped_by?: string;
  /** How the address was last invalidated before. Only a story can tell this; a state cannot. */
  readonly invalidated?: 'no' | 'on one CPU' | 'leaves only' | 'before a barrier' | 'not waited for' | 'yes';
  /** The thread read the same value again in the same function, but went on with the first value. */
  readonly read_again?: boolean;
  /** The kernel's message, in its own words. */
  readonly message?: string;
  /** An object of a table, as `table#key`. */
  readonly object?: string;
  readonly objects?: readonly string[];
  readonly field?: string;
  readonly lock?: string;
  /** Locks that the {@link threads} take or wait for, in the same order. */
  readonly locks?: readonly string[];
  /** Locks held when those were taken, in the same order. */
  readonly held?: readonly string[];
  /** The threads that hold them, or wait ahead, in the same order. */
  readonly holders?: readonly string[];
  /** CPUs, by number. */
  readonly cpus?: readonly number[];
  /** The first page frame. */
  readonly pfn?: number;
  readonly nr_pages?: number;
  /** A kernel virtual address, as its distance from 2^64 in bytes. */
  readonly va?: number;
  /** A physical address in bytes. */
  readonly pa?: number;
  /** In bytes. */
  readonly size?: number;
  /** The level of the page table, or of the entry that translates. */
  readonly level?: string;
  /** Whether the old or the new entry has the contiguous bit. */
  readonly contiguous?: boolean;
  /** The region of the kernel's address space that `va` lies in. */
  readonly region?: string;
  readonly section?: number;
  readonly block?: number;
  readonly node?: number;
  /** The name of a zone, without its node. */
  readonly zone?: string;
  /** The name of an invariant that must hold between operations, or of a user's monitor. */
  readonly invariant?: string;
  /**
   * What the failure is about, in one or two words that are the same for every instance: no numbers, no names of
   * objects.
   */
  readonly what?: string;
  readonly access?: 'read' | 'write' | 'free' | 'execute' | 'copy-from' | 'copy-to' | 'clear' | 'return';
  /** The state found instead: `free`, `no memory`, `memblock's`, … */
  readonly state?: string;
  /** A file of /proc or /sys. */
  readonly path?: string;
  /** The value a scenario expected, and the value it got. */
  readonly expected?: string | number | boolean | null;
  readonly found?: string | number | boolean | null;
  /** The count found, and the correct count. */
  readonly count?: number;
  readonly bound?: number;
  /** An order of pages. */
  readonly order?: number;
  /** How many more failures of this sort are not listed. */
  readonly more?: number;
  /** Differences, one per line. */
  readonly lines?: readonly string[];
}

export interface Failure {
  readonly kind: FailureKind;
  readonly subjects: Subjects;
  /** The failure in words, made from the fields above. Only people read it; no code does. */
  readonly text: string;
}

/** A key that identifies a failure: equal data gives equal keys. */
export const failureKey = ({ kind, subjects }: Failure): string =>
  JSON.stringify([kind, Object.entries(subjects).sort(([a], [b]) => (a < b ? -1 : 1))]);
