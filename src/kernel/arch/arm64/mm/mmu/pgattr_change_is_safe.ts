import {
  AP_RDONLY,
  CONT,
  DBM,
  type Descriptor,
  isValid,
  PROT_NONE,
  PXN,
  SW_DEVMAP,
  SW_DIRTY,
  SW_SPECIAL,
} from '../../../../../hardware/descriptor/descriptor.ts';
import type { Steps } from '../../../../../steps/step.ts';
import { none } from '../../../../include/linux/pgtable.ts';
import type { Kernel } from '../../../../kernel.ts';

/** arch/arm64/mm/mmu.c: pgattr_change_is_safe(). */

const NG_BIT = 1 << 11;
/** PTE_SWBITS_MASK: bits 63 and 58:55. */
const SOFTWARE = (1 << 27) | SW_DIRTY | SW_SPECIAL | SW_DEVMAP | PROT_NONE;
const MEMORY_TYPE = 7 << 2;
const memory_type = (d: Descriptor): number => (d.attr & MEMORY_TYPE) >> 2;
const same_but = (old: Descriptor, now: Descriptor, mask: number): boolean =>
  old.addr === now.addr && ((old.attr ^ now.attr) & ~mask) === 0;
const PERMISSIONS = PXN | AP_RDONLY | DBM | NG_BIT;

/** Normal and Normal-Tagged may replace each other. */
function memory_types({ c }: Kernel, old: Descriptor, now: Descriptor): number {
  const normal = [c.pgprot.MT_NORMAL, c.pgprot.MT_NORMAL_TAGGED];
  return normal.includes(memory_type(old)) && normal.includes(memory_type(now)) ? MEMORY_TYPE : 0;
}

export const v5_2 = {
  /** The changes to a live entry that need no break-before-make. Thread-local. */
  *pgattr_change_is_safe(this: Kernel, old: Descriptor, now: Descriptor): Steps<boolean> {
    if (none(old) || none(now)) return true;
    if ((old.attr | now.attr) & CONT || old.attr & ~now.attr & NG_BIT) return false;
    return same_but(old, now, PERMISSIONS);
  },
};

export const v5_10 = {
  /** Normal and Normal-Tagged may replace each other. */
  *pgattr_change_is_safe(this: Kernel, old: Descriptor, now: Descriptor): Steps<boolean> {
    if (none(old) || none(now)) return true;
    if ((old.attr | now.attr) & CONT || old.attr & ~now.attr & NG_BIT) return false;
    return same_but(old, now, PERMISSIONS | memory_types(this, old, now));
  },
};

export const v6_12 = {
  /** 6.12.117: software bits may change, and an invalid entry becomes anything. */
  *pgattr_change_is_safe(this: Kernel, old: Descriptor, now: Descriptor): Steps<boolean> {
    if (!isValid(old) || !isValid(now)) return true;
    if ((old.attr | now.attr) & CONT || old.attr & ~now.attr & NG_BIT) return false;
    return same_but(old, now, PERMISSIONS | SOFTWARE | memory_types(this, old, now));
  },
};

export const v7_2 = {
  /** 7.2.13: contiguous entries as well, as long as they stay contiguous. */
  *pgattr_change_is_safe(this: Kernel, old: Descriptor, now: Descriptor): Steps<boolean> {
    if (!isValid(old) || !isValid(now)) return true;
    if (old.attr & ~now.attr & NG_BIT) return false;
    return same_but(old, now, PERMISSIONS | SOFTWARE | memory_types(this, old, now));
  },
};
