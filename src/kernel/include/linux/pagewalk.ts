import type { PtdumpNote } from './ptdump.ts';

/** struct mm_walk_ops: the functions that are called for entries, by name. */
export interface mm_walk_ops {
  readonly pgd_entry: 'ptdump_pgd_entry';
  readonly p4d_entry: 'ptdump_p4d_entry';
  readonly pud_entry: 'ptdump_pud_entry';
  readonly pmd_entry: 'ptdump_pmd_entry';
  readonly pte_entry: 'ptdump_pte_entry';
  readonly pte_hole: 'ptdump_hole';
}

/** struct mm_walk */
export interface mm_walk {
  readonly ops: mm_walk_ops;
  readonly private: PtdumpNote[];
  /** ACTION_CONTINUE: the table below the entry is not walked. */
  action: 'ACTION_SUBTREE' | 'ACTION_CONTINUE';
}
