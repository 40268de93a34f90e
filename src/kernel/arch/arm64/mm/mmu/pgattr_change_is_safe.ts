import { AP_RDONLY, CONT, DBM, type Descriptor, PXN } from '../../../../../hardware/descriptor/descriptor.ts';
import type { Steps } from '../../../../../steps/step.ts';
import { none } from '../../../../include/linux/pgtable.ts';
import type { Kernel } from '../../../../kernel.ts';

/** arch/arm64/mm/mmu.c: pgattr_change_is_safe(). */

const NG_BIT = 1 << 11;
const MEMORY_TYPE = 7 << 2;
const memory_type = (d: Descriptor): number => (d.attr & MEMORY_TYPE) >> 2;
const same_but = (old: Descriptor, now: Descriptor, mask: number): boolean =>
  old.addr === now.addr && ((old.attr ^ now.attr) & ~mask) === 0;
const PERMISSIONS = PXN | AP_RDONLY | DBM | NG_BIT;

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
    const normal = [this.c.pgprot.MT_NORMAL, this.c.pgprot.MT_NORMAL_TAGGED];
    const either = normal.includes(memory_type(old)) && normal.includes(memory_type(now));
    return same_but(old, now, PERMISSIONS | (either ? MEMORY_TYPE : 0));
  },
};
