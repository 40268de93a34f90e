/** Something that went wrong, as data: monitors, faults of steps and expectations of scenarios all make it. */

/** What a step can do wrong, and what monitors of any program say. */
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

/** What monitors of page tables and TLBs say, in any state. */
export const TABLE_FAILURES = [
  'free-pages',
  'walk-caches',
  'free-tables',
  'break-before-make',
  'in-flight',
  'kept-tables',
] as const;

/** What operations come to that run one after the other. */
export const STEP_FAILURES = ['bug', 'warn', 'lock', 'hang', 'invariant', 'expectation'] as const;

/** What operations on struct pages come to whose memory is modelled. */
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

/** What a failure is about, as far as it is about something of the kind. Each kind says which of these it has. */
export interface Subjects {
  /** A thread, by its name in the program. */
  readonly thread?: string;
  /** Threads: of a cycle, or who waits. */
  readonly threads?: readonly string[];
  /** The function in which it went wrong: of the kernel's bug or warning, or the innermost one. */
  readonly function?: string;
  /** What the thread was told to do: the function it was to call, or the step of a scenario. */
  readonly operation?: string;
  /** What another thread was told to do meanwhile. */
  readonly meanwhile?: string;
  /** The function that some thread was told to call and that freed the page. */
  readonly freed_by?: string;
  /** The function that some thread was told to call and that took the mapping away, or `nobody`. */
  readonly unmapped_by?: string;
  /** How the address was last invalidated before: a story tells, a state alone does not. */
  readonly invalidated?: 'no' | 'leaves only' | 'before a barrier' | 'not waited for' | 'yes';
  /** The thread read the same again in the same function, and went on with what it had first. */
  readonly read_again?: boolean;
  /** What a kernel says, its own words. */
  readonly message?: string;
  /** An object of a table, as `table#key`. */
  readonly object?: string;
  readonly objects?: readonly string[];
  readonly field?: string;
  readonly lock?: string;
  /** Locks in the order of {@link threads}: taken, or waited for. */
  readonly locks?: readonly string[];
  /** Locks held when those were taken, in the same order. */
  readonly held?: readonly string[];
  /** Who holds them, or waits in front, in the same order. */
  readonly holders?: readonly string[];
  /** CPUs, by number. */
  readonly cpus?: readonly number[];
  /** A page frame, and how many from there on. */
  readonly pfn?: number;
  readonly nr_pages?: number;
  /** A kernel virtual address, as its distance from 2^64. */
  readonly va?: number;
  /** A physical address in bytes. */
  readonly pa?: number;
  /** Bytes. */
  readonly size?: number;
  /** Of a page table, or of the entry that translates. */
  readonly level?: string;
  /** The region of the kernel's address space that `va` lies in. */
  readonly region?: string;
  readonly section?: number;
  readonly block?: number;
  readonly node?: number;
  /** The name of a zone, without its node. */
  readonly zone?: string;
  /** What must hold between operations, by name, or what a user's monitor is called. */
  readonly invariant?: string;
  /** Of what the failure is, in a word or two that are the same everywhere: no numbers, no names of things. */
  readonly what?: string;
  readonly access?: 'read' | 'write' | 'free' | 'execute' | 'copy-from' | 'copy-to' | 'clear' | 'return';
  /** What is there instead: `free`, `no memory`, `memblock's`, … */
  readonly state?: string;
  /** A file of /proc or /sys. */
  readonly path?: string;
  /** What a scenario expected, and what came. */
  readonly expected?: string | number | boolean | null;
  readonly found?: string | number | boolean | null;
  /** What it was found to be, and what it should be. */
  readonly count?: number;
  readonly bound?: number;
  /** An order of pages. */
  readonly order?: number;
  /** More of the same, not told one by one. */
  readonly more?: number;
  /** Differences, a line each. */
  readonly lines?: readonly string[];
}

export interface Failure {
  readonly kind: FailureKind;
  readonly subjects: Subjects;
  /** For people, made of the above; nothing reads it. */
  readonly text: string;
}

/** Tells failures apart: the same text for the same data. */
export const failureKey = ({ kind, subjects }: Failure): string =>
  JSON.stringify([kind, Object.entries(subjects).sort(([a], [b]) => (a < b ? -1 : 1))]);
