import type { Translation } from '../../../geometry/translation.ts';
import type { Descriptor } from '../../../hardware/descriptor/descriptor.ts';
import type { Steps } from '../../../steps/step.ts';
import type { Config } from '../../config.ts';
import type { Kernel } from '../../kernel.ts';
import { look, operation } from '../../ops.ts';
import type { State } from '../../state.ts';

const get_zero_pfn = operation({
  name: 'get_zero_pfn',
  obj: 'zero_pfn',
  writes: false,
  run: (state: State): number => state.zero_pfn,
});

/** The part of an architecture's asm/pgtable.h that only depends on its arguments. */
export interface Pgtable {
  /** pXd_present */
  present(d: Descriptor): boolean;
  /** pXd_bad: the entry does not point to a table. */
  bad(d: Descriptor): boolean;
  pud_leaf(t: Translation, d: Descriptor): boolean;
  pmd_leaf(t: Translation, d: Descriptor): boolean;
  /** pfn_pte: an entry that maps a page or block, with protection bits as in {@link Descriptor.attr}. */
  leaf_entry(c: Config, phys: number, prot: number): Descriptor;
  table_entry(c: Config, phys: number, attr: number): Descriptor;
  /** The physical address that a leaf maps. */
  leaf_address(c: Config, d: Descriptor): number;
  /** The physical address of the table to which an entry points. */
  table_page(c: Config, d: Descriptor): number;
}

export const v5_2 = {
  *is_zero_pfn(this: Kernel, pfn: number): Steps<boolean> {
    return (yield* look(get_zero_pfn)) === pfn;
  },
};
