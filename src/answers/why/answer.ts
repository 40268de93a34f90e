import type { Owner } from '../owner/owner.ts';
import type { PageClass } from '../pages/word.ts';

/** Why a block would be refused: the first thing that the kernel trips over. */
export type ReasonKind =
  | 'holes'
  | 'zones'
  | 'nodes'
  | 'unmovable'
  | 'reserved'
  | 'boot memory'
  | 'leaf'
  | 'hugetlb'
  | 'hwpoison'
  | 'PageOffline'
  | 'no room'
  | 'partial block'
  | 'no hotremove'
  | 'other';

export interface Reason {
  readonly kind: ReasonKind;
  /** The kernel function that refuses. */
  readonly where: string;
  /** The pages: kind, number, the first pfn. Empty if it is not pages. */
  readonly pages: readonly PageCount[];
  /** Bytes: the holes or reservations. */
  readonly ranges: readonly { readonly name: string; readonly start: number; readonly size: number }[];
  /** More of it: the other zones, the kernel's word. */
  readonly about: string | null;
}

export interface PageCount {
  readonly kind: PageClass | 'unmovable';
  readonly pages: number;
  readonly first: number;
  /** Who has allocated the unmovable pages of the block, from page_owner: the greatest. */
  readonly owners?: readonly { readonly name: string; readonly pages: number }[];
}

/** yes; no; unsure: nothing seen speaks against it, and not all could be seen; offline: it is already. */
export type Verdict = 'yes' | 'no' | 'unsure' | 'offline';

/** What would help. */
export interface Cure {
  readonly text: string;
  readonly commands: readonly string[];
}

export interface BlockAnswer {
  readonly block: number;
  readonly start: number;
  readonly size: number;
  readonly verdict: Verdict;
  readonly zone: string | null;
  readonly nodes: readonly number[];
  /** What a write of "offline" returns, null for success. */
  readonly errno: string | null;
  readonly messages: readonly string[];
  readonly reason: Reason | null;
  readonly owner: Owner;
  /** Pages that would migrate, if known. */
  readonly migrate: number | null;
  readonly cures: readonly Cure[];
  /** What else has to do with the block: crash dumps, rules that put it back. */
  readonly depends: readonly string[];
  /** Of the pages that would migrate, or keep it online: those that programs have mapped; null if unknown. */
  readonly mapped: number | null;
  /** What other files show of the reason, one line each. */
  readonly seen: readonly string[];
  /** What could not be seen, one line each. */
  readonly unseen: readonly string[];
}
