import { cont_entries, is_folded } from '../../../../../geometry/blocks.ts';
import { depth_of, entry_size, type LevelName } from '../../../../../geometry/translation.ts';
import { CONT, TABLE_BIT, VALID } from '../../../../../hardware/descriptor.ts';
import type { Steps } from '../../../../../steps/step.ts';
import {
  addr_end,
  bad,
  type EntryPointer,
  leaf_entry,
  none,
  pmd_leaf,
  pud_leaf,
  READ_ONCE,
  READ_RUN,
  table_entry,
} from '../../../../include/linux/pgtable.ts';
import type { Kernel } from '../../../../kernel.ts';
import { mk_sect_prot } from '../../include/asm/pgtable.ts';

/** arch/arm64/mm/mmu.c: __create_pgd_mapping (FACTS 2.4). */

export const NO_BLOCK_MAPPINGS = 1;
export const NO_CONT_MAPPINGS = 2;
export const NO_EXEC_MAPPINGS = 4;

/** What a mapping is made with; the same all the way down. `alloc` gives zeroed pages, or -1. */
export interface MappingParams {
  readonly prot: number;
  readonly flags: number;
  readonly alloc: (k: Kernel, level: LevelName, n: number) => Steps<TablePages>;
}

/** Zeroed table pages side by side: at least one, at most as many as were asked for; none when phys is -1. */
export interface TablePages {
  readonly phys: number;
  readonly n: number;
}

const aligned = (size: number, ...values: readonly number[]): boolean => values.every((v) => v % size === 0);

/**
 * How many whole entries of a level from `addr` on are still zero and may be written in one step; 1 when the first is
 * not, or every write is to be a step.
 */
function* fresh_entries(
  k: Kernel,
  name: LevelName,
  p: EntryPointer,
  addr: number,
  end: number,
): Steps<number> {
  const size = entry_size(k.c.t, depth_of(k.c.t, name));
  const whole = aligned(size, addr) ? Math.min(k.c.run_limit, Math.floor((end - addr) / size)) : 1;
  if (whole <= 1) return 1;
  const run = yield* READ_RUN(p, whole);
  return run.addr === 0 && run.attr === 0 ? run.n : 1;
}

/**
 * pXd_cont_addr_end and whether the contiguous hint goes on the piece: the end of the group, or, where entries are
 * written in runs, of all that will be treated alike.
 */
function cont_piece(k: Kernel, name: 'PTE' | 'PMD', addr: number, end: number, phys: number, flags: number) {
  const { t } = k.c;
  const depth = depth_of(t, name);
  const group = cont_entries(t, depth);
  // entries of the root come here one by one
  if (group === 1) return { next: end, hint: false };
  const size = group * entry_size(t, depth);
  const boundary = (Math.floor(addr / size) + 1) * size;
  const next = boundary - 1 < end - 1 ? boundary : end;
  const hint = (flags & NO_CONT_MAPPINGS) === 0 && aligned(size, addr, next, phys);
  if (k.c.run_limit === 1) return { next, hint };
  if (flags & NO_CONT_MAPPINGS) return { next: end, hint };
  if (!hint) return { next: aligned(size, addr - phys) ? next : end, hint };
  return { next: Math.max(next, Math.floor(end / size) * size), hint };
}

/** __pXd_populate with a fresh table where there is none. */
function* install_table(
  k: Kernel,
  level: LevelName,
  p: EntryPointer,
  n: number,
  params: MappingParams,
): Steps<TablePages> {
  const pages = yield* params.alloc(k, level, n);
  if (pages.phys < 0) return pages;
  const attr = VALID | TABLE_BIT | (params.flags & NO_EXEC_MAPPINGS ? k.c.pgprot.TABLE_NOEXEC : 0);
  yield* k.set_pxd(p, table_entry(k.c, pages.phys, attr), pages.n, k.c.PAGE_SIZE);
  return pages;
}

export const v5_2 = {
  *init_pte(
    this: Kernel,
    pmdp: EntryPointer,
    addr: number,
    end: number,
    phys: number,
    prot: number,
  ): Steps<void> {
    const { PAGE_SIZE } = this.c;
    let ptep = yield* this.set_fixmap_offset('PTE', pmdp, addr);
    while (addr !== end) {
      const left = Math.min(this.c.run_limit, (end - addr) / PAGE_SIZE);
      const old = yield* READ_RUN(ptep, left);
      const entry = leaf_entry(this.c, phys, prot);
      const n = none(old) ? old.n : 1;
      yield* this.set_pte(ptep, entry, n, PAGE_SIZE);
      if (!(yield* this.pgattr_change_is_safe(old, entry))) yield* this.BUG('init_pte');
      ptep += n * 8;
      phys += n * PAGE_SIZE;
      addr += n * PAGE_SIZE;
    }
    yield* this.clear_fixmap('PTE');
  },

  /** [addr, end) lies under one PMD entry, or under as many as still are zero. 0 or -ENOMEM. */
  *alloc_init_cont_pte(
    this: Kernel,
    pmdp: EntryPointer,
    addr: number,
    end: number,
    phys: number,
    params: MappingParams,
  ): Steps<number> {
    const { t } = this.c;
    const size = entry_size(t, t.levels - 2);
    const first = Math.floor(addr / size);
    const entry = (va: number): EntryPointer => pmdp + (Math.floor(va / size) - first) * 8;
    while (addr !== end) {
      const pmd = yield* READ_ONCE(entry(addr));
      if (pmd_leaf(this.c, pmd)) yield* this.BUG('alloc_init_cont_pte');
      let stop = addr_end(t, t.name[t.levels - 2]!, addr, end);
      if (none(pmd)) {
        const pages = yield* install_table(this, 'PTE', entry(addr), Math.ceil((end - addr) / size), params);
        if (pages.phys < 0) return -this.errno.ENOMEM;
        if (pages.n > 1) stop = addr + pages.n * size;
      } else if (bad(this.c, pmd)) yield* this.BUG('alloc_init_cont_pte');
      while (addr !== stop) {
        const { next, hint } = cont_piece(this, 'PTE', addr, stop, phys, params.flags);
        yield* this.init_pte(entry(addr), addr, next, phys, params.prot | (hint ? CONT : 0));
        phys += next - addr;
        addr = next;
      }
    }
    return 0;
  },

  *init_pmd(
    this: Kernel,
    pudp: EntryPointer,
    addr: number,
    end: number,
    phys: number,
    params: MappingParams,
    hint: boolean,
  ): Steps<number> {
    const { t } = this.c;
    const size = entry_size(t, depth_of(t, 'PMD'));
    let pmdp = yield* this.set_fixmap_offset('PMD', pudp, addr);
    while (addr !== end) {
      const n = yield* fresh_entries(this, 'PMD', pmdp, addr, end);
      const old = yield* READ_ONCE(pmdp);
      const next = n > 1 ? addr + n * size : addr_end(t, 'PMD', addr, end);
      if (aligned(size, addr, next, phys) && !(params.flags & NO_BLOCK_MAPPINGS)) {
        yield* this.pmd_set_huge(pmdp, phys, params.prot | (hint ? CONT : 0), n);
        if (!(yield* this.pgattr_change_is_safe(old, yield* READ_ONCE(pmdp)))) yield* this.BUG('init_pmd');
      } else {
        const ret = yield* this.alloc_init_cont_pte(pmdp, addr, next, phys, params);
        if (ret) return ret;
        const now = yield* READ_ONCE(pmdp);
        if (!none(old) && (old.addr !== now.addr || old.attr !== now.attr)) yield* this.BUG('init_pmd');
      }
      pmdp += n * 8;
      phys += next - addr;
      addr = next;
    }
    yield* this.clear_fixmap('PMD');
    return 0;
  },

  *alloc_init_cont_pmd(
    this: Kernel,
    pudp: EntryPointer,
    addr: number,
    end: number,
    phys: number,
    params: MappingParams,
  ): Steps<number> {
    let pud = yield* READ_ONCE(pudp);
    if (pud_leaf(this.c, pud)) yield* this.BUG('alloc_init_cont_pmd');
    if (!is_folded(this.c.t, 'PMD')) {
      if (none(pud)) {
        if ((yield* install_table(this, 'PMD', pudp, 1, params)).phys < 0) return -this.errno.ENOMEM;
        pud = yield* READ_ONCE(pudp);
      }
      if (bad(this.c, pud)) yield* this.BUG('alloc_init_cont_pmd');
    }
    while (addr !== end) {
      const { next, hint } = cont_piece(this, 'PMD', addr, end, phys, params.flags);
      const ret = yield* this.init_pmd(pudp, addr, next, phys, params, hint);
      if (ret) return ret;
      phys += next - addr;
      addr = next;
    }
    return 0;
  },

  /** 1G blocks with 4K pages only. */
  *alloc_init_pud(
    this: Kernel,
    p4dp: EntryPointer,
    addr: number,
    end: number,
    phys: number,
    params: MappingParams,
  ): Steps<number> {
    const { t } = this.c;
    const size = entry_size(t, depth_of(t, 'PUD'));
    if (!is_folded(t, 'PUD')) {
      const p4d = yield* READ_ONCE(p4dp);
      if (none(p4d)) {
        if ((yield* install_table(this, 'PUD', p4dp, 1, params)).phys < 0) return -this.errno.ENOMEM;
      } else if (bad(this.c, p4d)) yield* this.BUG('alloc_init_pud');
    }
    let pudp = yield* this.set_fixmap_offset('PUD', p4dp, addr);
    while (addr !== end) {
      const next_one = addr_end(t, 'PUD', addr, end);
      const blocks = this.c.PAGE_SHIFT === 12 && !(params.flags & NO_BLOCK_MAPPINGS) && aligned(size, phys);
      const n = blocks ? yield* fresh_entries(this, 'PUD', pudp, addr, end) : 1;
      const next = n > 1 ? addr + n * size : next_one;
      const old = yield* READ_ONCE(pudp);
      if (blocks && aligned(size, addr, next)) {
        yield* this.pud_set_huge(pudp, phys, params.prot, n);
        if (!(yield* this.pgattr_change_is_safe(old, yield* READ_ONCE(pudp))))
          yield* this.BUG('alloc_init_pud');
      } else {
        const ret = yield* this.alloc_init_cont_pmd(pudp, addr, next, phys, params);
        if (ret) return ret;
        const now = yield* READ_ONCE(pudp);
        if (!none(old) && (old.addr !== now.addr || old.attr !== now.attr)) yield* this.BUG('alloc_init_pud');
      }
      pudp += n * 8;
      phys += next - addr;
      addr = next;
    }
    yield* this.clear_fixmap('PUD');
    return 0;
  },

  /** Five levels (LPA2) only; elsewhere a p4d is the pgd. */
  *alloc_init_p4d(
    this: Kernel,
    pgdp: EntryPointer,
    addr: number,
    end: number,
    phys: number,
    params: MappingParams,
  ): Steps<number> {
    const { t } = this.c;
    if (is_folded(t, 'P4D')) return yield* this.alloc_init_pud(pgdp, addr, end, phys, params);
    const pgd = yield* READ_ONCE(pgdp);
    if (none(pgd)) {
      if ((yield* install_table(this, 'P4D', pgdp, 1, params)).phys < 0) return -this.errno.ENOMEM;
    } else if (bad(this.c, pgd)) yield* this.BUG('alloc_init_p4d');
    let p4dp = yield* this.set_fixmap_offset('P4D', pgdp, addr);
    while (addr !== end) {
      const next = addr_end(t, 'P4D', addr, end);
      const ret = yield* this.alloc_init_pud(p4dp, addr, next, phys, params);
      if (ret) return ret;
      p4dp += 8;
      phys += next - addr;
      addr = next;
    }
    yield* this.clear_fixmap('P4D');
    return 0;
  },

  /** 0, or what an allocator that may fail came to: -ENOMEM, with everything so far left in place. */
  *__create_pgd_mapping(
    this: Kernel,
    phys: number,
    virt: number,
    size: number,
    params: MappingParams,
  ): Steps<number> {
    const { PAGE_SIZE, t } = this.c;
    if ((((phys - virt) % PAGE_SIZE) + PAGE_SIZE) % PAGE_SIZE !== 0) {
      yield* this.WARN('__create_pgd_mapping');
      return -this.errno.EINVAL;
    }
    let addr = Math.floor(virt / PAGE_SIZE) * PAGE_SIZE;
    const end = Math.ceil((virt + size) / PAGE_SIZE) * PAGE_SIZE;
    let at_phys = Math.floor(phys / PAGE_SIZE) * PAGE_SIZE;
    yield* this.fixmap_lock();
    let ret = 0;
    while (addr !== end && ret === 0) {
      const next = addr_end(t, 'PGD', addr, end);
      const pgdp = yield* this.pgd_offset_k(addr);
      ret = yield* this.alloc_init_p4d(pgdp, addr, next, at_phys, params);
      at_phys += next - addr;
      addr = next;
    }
    yield* this.fixmap_unlock();
    return ret;
  },

  /** Puts a block unless the live entry differs in more than may change: then it silently stays, and 0 is returned. */
  *pud_set_huge(this: Kernel, pudp: EntryPointer, phys: number, prot: number, n = 1): Steps<number> {
    const block = leaf_entry(this.c, phys, mk_sect_prot(prot));
    if (!(yield* this.pgattr_change_is_safe(yield* READ_ONCE(pudp), block))) return 0;
    yield* this.set_pxd(pudp, block, n, entry_size(this.c.t, depth_of(this.c.t, 'PUD')));
    return 1;
  },

  *pmd_set_huge(this: Kernel, pmdp: EntryPointer, phys: number, prot: number, n = 1): Steps<number> {
    const block = leaf_entry(this.c, phys, mk_sect_prot(prot));
    if (!(yield* this.pgattr_change_is_safe(yield* READ_ONCE(pmdp), block))) return 0;
    yield* this.set_pxd(pmdp, block, n, entry_size(this.c.t, depth_of(this.c.t, 'PMD')));
    return 1;
  },
};
