import {
  entry_index,
  type LevelName,
  next_entry,
  type Translation,
} from '../../../../../geometry/translation.ts';
import { type DsbKind, dsb, isb } from '../../../../../hardware/barriers.ts';
import {
  AP_RDONLY,
  address_field,
  CONT,
  DBM,
  type Descriptor,
  is_block,
  is_none,
  is_valid,
  output_address,
  PROT_NONE,
  PXN,
  SH_INNER,
  TABLE_BIT,
  VALID,
} from '../../../../../hardware/descriptor.ts';
import { type Mmu, read_entry, read_run } from '../../../../../hardware/mmu.ts';
import { install } from '../../../../../hardware/sequence.ts';
import type { WordRun } from '../../../../../hardware/words.ts';
import { write_entries } from '../../../../../hardware/write.ts';
import type { Steps } from '../../../../../steps/step.ts';
import type { Config } from '../../../../config.ts';
import type { Kernel } from '../../../../kernel.ts';
import { change, lock, look, operation, unlock } from '../../../../ops.ts';
import type { State } from '../../../../state.ts';

/**
 * arch/arm64/include/asm/pgtable.h: entries of the kernel's tables, read and written one by one, or a run of equal ones
 * in a step where nobody could tell (`c.run_limit`). A pointer to an entry is a number: its physical address, reached
 * through the linear map, or a place in a fixmap slot, which is negative and means whatever page the slot maps now.
 */
export type EntryPointer = number;

/** Fixmap slots for table pages. FIX_PGD is set_swapper_pgd's own. */
export const FIX = { PTE: 0, PMD: 1, PUD: 2, P4D: 3 } as const;
/** A run of tables may be written through one slot, so a slot is wider than a page. */
const SLOT_SIZE = 2 ** 32;

/** First entry of the page that a fixmap slot maps. */
export const fix_to_ptr = (slot: number): EntryPointer => -(slot + 1) * SLOT_SIZE;

function resolve(state: State, p: EntryPointer): number {
  if (p >= 0) return p;
  const slot = Math.ceil(-p / SLOT_SIZE) - 1;
  return state.fixmap[slot]! + p - fix_to_ptr(slot);
}

const mmu_of = (state: State): Mmu => state.mmu!;
const read_at = operation({
  name: 'read_at',
  obj: 'mmu',
  writes: false,
  run: (state: State, p: EntryPointer): Descriptor => read_entry(mmu_of(state), resolve(state, p)),
});
const run_at = operation({
  name: 'run_at',
  obj: 'mmu',
  writes: false,
  run: (state: State, p: EntryPointer, n: number): WordRun => read_run(mmu_of(state), resolve(state, p), n),
});
const write_at = operation({
  name: 'write_at',
  obj: 'mmu',
  writes: true,
  run: (state: State, p: EntryPointer, n: number, d: Descriptor, stride: number): void =>
    write_entries(mmu_of(state), resolve(state, p), n, d, stride),
});
const swap_run_at = operation({
  name: 'swap_run_at',
  obj: 'mmu',
  writes: true,
  run: (state: State, p: EntryPointer, n: number, d: Descriptor): WordRun => {
    const old = run_at.run(state, p, n);
    write_at.run(state, p, old.n, d, 0);
    return old;
  },
});
const barrier_dsb = operation({
  name: 'barrier_dsb',
  obj: 'mmu',
  writes: true,
  run: (state: State, kind: DsbKind): void => dsb(mmu_of(state), kind),
});
const install_at = operation({
  name: 'install_at',
  obj: 'mmu',
  writes: true,
  run: (state: State, p: EntryPointer, n: number, d: Descriptor, stride: number): void =>
    install(mmu_of(state), resolve(state, p), n, d, stride),
});
const barrier_isb = operation({
  name: 'barrier_isb',
  obj: 'mmu',
  writes: true,
  run: (state: State): void => isb(mmu_of(state)),
});

/** The functions of steps, for those who ask what one touches: the first four take an entry pointer, {@link resolve}d. */
export const entry_steps = { read_at, run_at, write_at, swap_run_at, barrier_dsb, barrier_isb, resolve };

/** READ_ONCE(*p) */
export function* READ_ONCE(p: EntryPointer): Steps<Descriptor> {
  return yield* look(read_at, p);
}

/** The entries from `p` on that continue it, zero or an arithmetic run: at most `n`. */
export function* READ_RUN(p: EntryPointer, n: number): Steps<WordRun> {
  return yield* look(run_at, p, n);
}

/** WRITE_ONCE(*p, d), on `n` entries whose output addresses ascend by `stride`. */
export function* WRITE_ONCE(p: EntryPointer, d: Descriptor, n = 1, stride = 0): Steps<void> {
  yield* change(write_at, p, n, d, stride);
}

export function* DSB(kind: DsbKind): Steps<void> {
  yield* change(barrier_dsb, kind);
}

export function* ISB(): Steps<void> {
  yield* change(barrier_isb);
}

/** xchg(p, d) on `n` entries, as far as they are alike: what they were. */
export function* XCHG_RUN(p: EntryPointer, n: number, d: Descriptor): Steps<WordRun> {
  return yield* change(swap_run_at, p, n, d);
}

/** pXd_addr_end(addr, end): the end of the entry that translates `addr`, or of the range; 0 is the wrap at 2^64. */
export function addr_end(t: Translation, name: LevelName, addr: number, end: number): number {
  const depth = t.name.indexOf(name);
  if (depth < 0) return end;
  const boundary = next_entry(t, depth, addr);
  return boundary - 1 < end - 1 ? boundary : end;
}

/** Valid, or PROT_NONE. */
export const present = (d: Descriptor): boolean => (d.attr & (VALID | PROT_NONE)) !== 0;
export const none = is_none;
/** pXd_bad: bit 1 is clear. */
export const bad = (d: Descriptor): boolean => (d.attr & TABLE_BIT) === 0;
export const cont = (d: Descriptor): boolean => (d.attr & CONT) !== 0;

/** pud_sect() is the constant 0 with 64K pages or fewer than three levels (FACTS 1.1). */
export const pud_leaf = (t: Translation, d: Descriptor): boolean =>
  t.page_shift !== 16 && t.levels >= 3 && is_block(d);
export const pmd_leaf = (_t: Translation, d: Descriptor): boolean => is_block(d);

/** pte_val with the table bit off: what mk_pXd_sect_prot makes of a page protection. */
export const mk_sect_prot = (prot: number): number => prot & ~TABLE_BIT;

const in_swapper_pgdir = (k: Kernel, p: EntryPointer): boolean =>
  p >= k.c.swapper_pg_dir && p < k.c.swapper_pg_dir + k.c.PAGE_SIZE;

const is_lpa2 = (c: Config): boolean => c.t.va_bits === 52 && c.PAGE_SHIFT < 16;

/** An entry that maps a page or block. With LPA2 address bits 51:48 lie among the attributes (FACTS 1.6). */
export function leaf_entry(c: Config, phys: number, prot: number): Descriptor {
  if (!is_lpa2(c)) return { addr: address_field(phys, c.PAGE_SHIFT), attr: prot };
  const high = Math.floor(phys / 2 ** 48);
  return { addr: phys % 2 ** 48, attr: (prot & ~SH_INNER) | ((high & 3) << 12) | ((high >> 2) << 8) };
}

export const table_entry = (c: Config, phys: number, attr: number): Descriptor => ({
  addr: address_field(phys, c.PAGE_SHIFT),
  attr,
});

/** What a leaf maps. */
export const leaf_address = (c: Config, d: Descriptor): number => output_address(d, c.PAGE_SHIFT, is_lpa2(c));

/** The page a table descriptor points to. */
export const table_page = (k: Kernel, d: Descriptor): number => output_address(d, k.c.PAGE_SHIFT);

/** The entry of a table that translates `addr`, by a fresh read of the parent entry; a folded level is its parent. */
function* offset(k: Kernel, name: LevelName, parentp: EntryPointer, addr: number): Steps<EntryPointer> {
  const { t } = k.c;
  const depth = t.name.indexOf(name);
  if (depth < 0) return parentp;
  const d = yield* READ_ONCE(parentp);
  return table_page(k, d) + entry_index(t, depth, addr) * 8;
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
