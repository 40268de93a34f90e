import type { Arch } from '../../geometry/sizes.ts';
import type { FailureKind, Subjects } from '../../steps/failure.ts';
import type { CheckVerdict } from '../checked.ts';
import type { BootMemory } from '../neighbours.ts';

/** The result of one configuration as it is written to a file: flat, sizes and addresses in bytes. */
export interface RunRecord {
  readonly kind: 'run';
  readonly entry: string;
  readonly release: string;
  /** What the entry says about the release. */
  readonly said: 'fails' | 'fixed' | null;
  readonly arch: Arch | 'ppc64' | 'i386' | 'tiny';
  readonly page_size: number;
  readonly va_bits: number | null;
  /** The family of the layout; null if addresses play no part. */
  readonly layout: string | null;
  /** Whether the machine and its addresses are those of the entry's file. */
  readonly as_written: boolean;
  /**
   * For an entry about a shared table; `high`: boot memory lies past the memory whose struct pages are in that table.
   */
  readonly boot_memory: BootMemory | null;
  readonly verdict: CheckVerdict;
  readonly failure_kind: FailureKind | null;
  readonly failure_subjects: Subjects | null;
  readonly failure_text: string | null;
  /** Other entries that describe the same failure. */
  readonly same_as: readonly string[];
  readonly reason: string | null;
  /** The bounds that the search reached. */
  readonly within: readonly string[];
  readonly states: number;
  readonly steps: number;
  readonly preemptions: number | null;
  /** A token with which `mhp replay` repeats the execution; null if there is none, or its boot memory is not the entry's. */
  readonly token: string | null;
}

/** A table that the memmap shares with other regions, and whether V5 frees it. */
export interface TableRecord {
  readonly kind: 'shared_table';
  readonly page_size: number;
  readonly va_bits: number;
  readonly layout: string;
  readonly level: string;
  /** As the kernel prints addresses; end 0000000000000000 stands for 2^64. */
  readonly start: string;
  readonly end: string;
  readonly regions: readonly string[];
  readonly boot_memory: BootMemory;
  readonly memstart_addr: number;
  readonly ram_start: number;
  readonly ram_size: number;
  /**
   * The number of bytes of memory from memstart_addr to the end of the last memory whose struct page is in the table.
   */
  readonly reach: number;
  readonly removed_start: number | null;
  readonly removed_size: number | null;
  readonly fate: 'freed' | 'kept' | 'not removable';
  readonly kept_by: readonly string[];
  /** The results of entries about such a table, explored on V5 where it frees the table: "B14 found, 1 preemption". */
  readonly races: readonly string[];
}

/** A geometry and layout for which there is no result. */
export interface NoTablesRecord {
  readonly kind: 'no_shared_table';
  readonly page_size: number;
  readonly va_bits: number;
  readonly layout: string;
  readonly reason: string;
}

export type CampaignRecord = RunRecord | TableRecord | NoTablesRecord;
