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
function pgprot(normal: number, tagged: number, dirty: boolean, table: number): Pgprot {
  const sect = VALID | AF | SH_INNER | PXN | UXN;
  const page = sect | TABLE_BIT | DBM | (dirty ? SW_DIRTY : 0);
  const linear = tagged >= 0 ? tagged : normal;
  return {
    PAGE_KERNEL: page | (normal << ATTR_INDEX_SHIFT),
    PROT_SECT_NORMAL: sect | (normal << ATTR_INDEX_SHIFT),
    MHP: page | (linear << ATTR_INDEX_SHIFT),
    TABLE: table,
    TABLE_NOEXEC: table === 0 ? 0 : PXN_TABLE,
    MT_NORMAL: normal,
    MT_NORMAL_TAGGED: tagged,
  };
}

function with_blocks(prot: Pgprot, bits: number): Pgprot {
  return { ...prot, PROT_SECT_NORMAL: prot.PROT_SECT_NORMAL | bits };
}

/** The same with the dirty bit in base pages of the kernel (PAGE_KERNEL), or without it. */
export const with_dirty = (prot: Pgprot, dirty: boolean): Pgprot => ({
  ...prot,
  PAGE_KERNEL: dirty ? prot.PAGE_KERNEL | SW_DIRTY : prot.PAGE_KERNEL & ~SW_DIRTY,
  MHP: dirty ? prot.MHP | SW_DIRTY : prot.MHP & ~SW_DIRTY,
});

export const PGPROT = {
  v5_2: pgprot(4, -1, true, 0),
  /** aa57157be69f: writable pages are not dirty. */
  v5_4: pgprot(4, -1, false, 0),
  /** MTE; recorded without the dirty bit on 5.10.223. */
  v5_10: pgprot(0, 1, false, 0),
  /**
   * Recorded with it on 6.1.192 and 7.2.13. Tables of the kernel are UXN, those of the linear map PXN as
   * well (6.1.192).
   */
  v6_1: pgprot(0, 1, true, UXN_TABLE),
  /** Blocks of struct pages are writable; no dirty bit in 6.6.87, 6.8.0, 6.14.0 and 6.17.0. */
  v6_6: with_blocks(pgprot(0, 1, false, UXN_TABLE), DBM),
  /** With the dirty bit again (6.12.117). */
  v6_12: with_blocks(pgprot(0, 1, true, UXN_TABLE), DBM),
  /** Table entries have the access flag (6.14.0). */
  v6_15: with_blocks(pgprot(0, 1, false, UXN_TABLE | AF), DBM),
  /** With both (6.18.35, 7.0.0). */
  v6_18: with_blocks(pgprot(0, 1, true, UXN_TABLE | AF), DBM),
  /** Blocks of struct pages are dirty, too (recorded on 7.2.13). */
  v7_2: with_blocks(pgprot(0, 1, true, UXN_TABLE | AF), DBM | SW_DIRTY),
};
