import type { Arch } from '../../geometry/sizes.ts';
import type { FailureKind, Subjects } from '../../steps/failure.ts';
import type { CheckVerdict } from '../checked.ts';
import type { BootMemory } from '../neighbours.ts';

/** What one configuration came to, as it stands in a file: flat, sizes and addresses in bytes. */
export interface RunRecord {
  readonly kind: 'run';
  readonly entry: string;
  readonly release: string;
  /** What the entry says of the release. */
  readonly said: 'fails' | 'fixed' | null;
  readonly arch: Arch | 'ppc64' | 'tiny';
  readonly page_size: number;
  readonly va_bits: number | null;
  /** Family of the layout; null where addresses play no part. */
  readonly layout: string | null;
  /** The machine and its addresses are as in the entry's file. */
  readonly as_written: boolean;
  /** high: boot memory past the struct pages of the shared table, for an entry about one. */
  readonly boot_memory: BootMemory | null;
  readonly verdict: CheckVerdict;
  readonly failure_kind: FailureKind | null;
  readonly failure_subjects: Subjects | null;
  readonly failure_text: string | null;
  /** Other entries that describe just this failure. */
  readonly same_as: readonly string[];
  readonly reason: string | null;
  /** Bounds that a search did not come to the end of. */
  readonly within: readonly string[];
  readonly states: number;
  readonly steps: number;
  readonly preemptions: number | null;
}

/** A table that the memmap shares with other regions, and whether V5 frees it. */
export interface TableRecord {
  readonly kind: 'shared_table';
  readonly page_size: number;
  readonly va_bits: number;
  readonly layout: string;
  readonly level: string;
  /** As the kernel prints addresses; end 0000000000000000 is the wrap. */
  readonly start: string;
  readonly end: string;
  readonly regions: readonly string[];
  readonly boot_memory: BootMemory;
  readonly memstart_addr: number;
  readonly ram_start: number;
  readonly ram_size: number;
  /** Bytes of memory from memstart_addr on that end with the last whose struct page is in the table. */
  readonly reach: number;
  readonly removed_start: number | null;
  readonly removed_size: number | null;
  readonly fate: 'freed' | 'kept' | 'not removable';
  readonly kept_by: readonly string[];
  /** Entries about such a table, explored there on V5, where it is freed: "B14 found, 1 preemption". */
  readonly races: readonly string[];
}

/** A geometry and layout of which nothing can be said. */
export interface NoTablesRecord {
  readonly kind: 'no_shared_table';
  readonly page_size: number;
  readonly va_bits: number;
  readonly layout: string;
  readonly reason: string;
}

export type CampaignRecord = RunRecord | TableRecord | NoTablesRecord;
