import {
  AF,
  ATTR_INDEX_SHIFT,
  DBM,
  PXN,
  PXN_TABLE,
  SH_INNER,
  SW_DIRTY,
  TABLE_BIT,
  UXN,
  UXN_TABLE,
  VALID,
} from '../../hardware/descriptor/descriptor.ts';
import type { Pgprot } from '../../kernel/config.ts';

/**
 * arch/arm64/include/asm/pgtable-prot.h, by the parts that differ between releases: the MAIR indices and the software
 * dirty bit.
 */
function pgprot(normal: number, tagged: number, dirty: boolean, table_noexec: boolean): Pgprot {
  const sect = VALID | AF | SH_INNER | PXN | UXN;
  const page = sect | TABLE_BIT | DBM | (dirty ? SW_DIRTY : 0);
  const linear = tagged >= 0 ? tagged : normal;
  return {
    PAGE_KERNEL: page | (normal << ATTR_INDEX_SHIFT),
    PROT_SECT_NORMAL: sect | (normal << ATTR_INDEX_SHIFT),
    MHP: page | (linear << ATTR_INDEX_SHIFT),
    TABLE_NOEXEC: table_noexec ? PXN_TABLE | UXN_TABLE : 0,
    MT_NORMAL: normal,
    MT_NORMAL_TAGGED: tagged,
  };
}

function writable_blocks(prot: Pgprot): Pgprot {
  return { ...prot, PROT_SECT_NORMAL: prot.PROT_SECT_NORMAL | DBM | SW_DIRTY };
}

export const PGPROT = {
  v5_2: pgprot(4, -1, true, false),
  /** MTE; recorded without the dirty bit on 5.10.223. */
  v5_10: pgprot(0, 1, false, false),
  /** Recorded with it on 6.1.192 and 7.2.13, and with both XN bits in table entries. */
  v6_1: pgprot(0, 1, true, true),
  /** Blocks of struct pages are writable (7.1.5) and dirty (recorded on 7.2.13). */
  v7_2: writable_blocks(pgprot(0, 1, true, true)),
};
