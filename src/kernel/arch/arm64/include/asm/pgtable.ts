import { entry_index, type LevelName } from '../../../../../geometry/translation.ts';
import {
  AP_RDONLY,
  CONT,
  DBM,
  type Descriptor,
  is_valid,
  PXN,
  TABLE_BIT,
} from '../../../../../hardware/descriptor.ts';
import { install } from '../../../../../hardware/sequence.ts';
import type { Steps } from '../../../../../steps/step.ts';
import {
  type EntryPointer,
  none,
  READ_ONCE,
  table_page,
  WRITE_ONCE,
} from '../../../../include/linux/pgtable.ts';
import type { Kernel } from '../../../../kernel.ts';
import { resolve } from '../../../../mmu.ts';
import { change, lock, operation, unlock } from '../../../../ops.ts';
import type { State } from '../../../../state.ts';
import { DSB, ISB } from './barrier.ts';

/** arch/arm64/include/asm/pgtable.h: how entries are found and set. */

/** pte_cont, pmd_cont */
export const cont = (d: Descriptor): boolean => (d.attr & CONT) !== 0;

/** pte_val with the table bit off: what mk_pXd_sect_prot makes of a page protection. */
export const mk_sect_prot = (prot: number): number => prot & ~TABLE_BIT;

const in_swapper_pgdir = (k: Kernel, p: EntryPointer): boolean =>
  p >= k.c.swapper_pg_dir && p < k.c.swapper_pg_dir + k.c.PAGE_SIZE;

/** The entry of a table that translates `addr`, by a fresh read of the parent entry; a folded level is its parent. */
function* offset(k: Kernel, name: LevelName, parentp: EntryPointer, addr: number): Steps<EntryPointer> {
  const { t } = k.c;
  const depth = t.name.indexOf(name);
  if (depth < 0) return parentp;
  const d = yield* READ_ONCE(parentp);
  return table_page(k.c, d) + entry_index(t, depth, addr) * 8;
}

const NG_BIT = 1 << 11;
const MEMORY_TYPE = 7 << 2;
const memory_type = (d: Descriptor): number => (d.attr & MEMORY_TYPE) >> 2;
const same_but = (old: Descriptor, now: Descriptor, mask: number): boolean =>
  old.addr === now.addr && ((old.attr ^ now.attr) & ~mask) === 0;
const PERMISSIONS = PXN | AP_RDONLY | DBM | NG_BIT;

export const v5_2 = {
  /** What may change in a live entry without break-before-make (FACTS 1.6). Thread-local. */
  *pgattr_change_is_safe(this: Kernel, old: Descriptor, now: Descriptor): Steps<boolean> {
    if (none(old) || none(now)) return true;
    if ((old.attr | now.attr) & CONT || old.attr & ~now.attr & NG_BIT) return false;
    return same_but(old, now, PERMISSIONS);
  },

  /** pgd_offset_k. Thread-local: the root's address never changes. */
  *pgd_offset_k(this: Kernel, addr: number): Steps<EntryPointer> {
    return this.c.swapper_pg_dir + entry_index(this.c.t, 0, addr) * 8;
  },
  *p4d_offset(this: Kernel, pgdp: EntryPointer, addr: number): Steps<EntryPointer> {
    return yield* offset(this, 'P4D', pgdp, addr);
  },
  *pud_offset(this: Kernel, p4dp: EntryPointer, addr: number): Steps<EntryPointer> {
    return yield* offset(this, 'PUD', p4dp, addr);
  },
  *pmd_offset(this: Kernel, pudp: EntryPointer, addr: number): Steps<EntryPointer> {
    return yield* offset(this, 'PMD', pudp, addr);
  },
  /** Reads *pmdp again, whatever the caller has tested (B15). */
  *pte_offset_kernel(this: Kernel, pmdp: EntryPointer, addr: number): Steps<EntryPointer> {
    return yield* offset(this, 'PTE', pmdp, addr);
  },

  /** The write of an entry and what follows it. v5.2: no ISB behind a valid kernel entry (B23). */
  *write_entry(this: Kernel, p: EntryPointer, d: Descriptor, n: number, stride: number): Steps<void> {
    yield* WRITE_ONCE(p, d, n, stride);
    if (is_valid(d)) yield* DSB('ishst');
  },

  /** Every write to the root goes through a fixmap slot of its own, whose flush gives the barriers. */
  *set_swapper_pgd(this: Kernel, pgdp: EntryPointer, d: Descriptor, n = 1, stride = 0): Steps<void> {
    yield* lock('swapper_pgdir_lock', 'spinlock');
    yield* WRITE_ONCE(pgdp, d, n, stride);
    yield* this.flush_fixmap_slot();
    yield* unlock('swapper_pgdir_lock', 'spinlock');
  },

  *set_pte(this: Kernel, ptep: EntryPointer, d: Descriptor, n = 1, stride = 0): Steps<void> {
    yield* this.write_entry(ptep, d, n, stride);
  },

  /** set_pmd, set_pud, set_p4d and set_pgd: where the level is folded, the entry is the root's. */
  *set_pxd(this: Kernel, p: EntryPointer, d: Descriptor, n = 1, stride = 0): Steps<void> {
    if (in_swapper_pgdir(this, p)) {
      yield* this.set_swapper_pgd(p, d, n, stride);
      return;
    }
    yield* this.write_entry(p, d, n, stride);
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

const install_at = operation({
  name: 'install_at',
  obj: 'mmu',
  writes: true,
  tables: () => 'any',
  run: (state: State, p: EntryPointer, n: number, d: Descriptor, stride: number): void =>
    install(state.mmu!, resolve(state, p), n, d, stride),
});

export const v5_3 = {
  /** The ISB is back. */
  *write_entry(this: Kernel, p: EntryPointer, d: Descriptor, n: number, stride: number): Steps<void> {
    if (is_valid(d) && this.c.run_limit > 1) {
      yield* change(install_at, p, n, d, stride);
      return;
    }
    yield* WRITE_ONCE(p, d, n, stride);
    if (!is_valid(d)) return;
    yield* DSB('ishst');
    yield* ISB();
  },
};
