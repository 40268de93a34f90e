import {
  addressField,
  isBlock,
  outputAddress,
  PROT_NONE,
  SH_INNER,
  TABLE_BIT,
  VALID,
} from '../../../../../hardware/descriptor/descriptor.ts';
import type { Config } from '../../../../config.ts';
import type { Pgtable } from '../../../../include/asm-generic/pgtable.ts';

/** arch/arm64/include/asm/pgtable-hwdef.h and pgtable.h: the meaning of an entry. */

/** With LPA2 address bits 51:48 lie among the attributes (arch/arm64/include/asm/pgtable.h, v6.9). */
const is_lpa2 = (c: Config): boolean => c.t.va_bits === 52 && c.PAGE_SHIFT < 16;

export const pgtable: Pgtable = {
  /** Valid, or PROT_NONE. */
  present: (d) => (d.attr & (VALID | PROT_NONE)) !== 0,
  /** Bit 1 is clear. */
  bad: (d) => (d.attr & TABLE_BIT) === 0,
  /** pud_sect() is the constant 0 with 64K pages or fewer than three levels. */
  pud_leaf: (t, d) => t.page_shift !== 16 && t.levels >= 3 && isBlock(d),
  pmd_leaf: (_t, d) => isBlock(d),
  leaf_entry(c, phys, prot) {
    if (!is_lpa2(c)) return { addr: addressField(phys, c.PAGE_SHIFT), attr: prot };
    const high = Math.floor(phys / 2 ** 48);
    return { addr: phys % 2 ** 48, attr: (prot & ~SH_INNER) | ((high & 3) << 12) | ((high >> 2) << 8) };
  },
  table_entry: (c, phys, attr) => ({ addr: addressField(phys, c.PAGE_SHIFT), attr }),
  leaf_address: (c, d) => outputAddress(d, c.PAGE_SHIFT, is_lpa2(c)),
  table_page: (c, d) => outputAddress(d, c.PAGE_SHIFT),
};
