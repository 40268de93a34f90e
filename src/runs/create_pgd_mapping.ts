import { contEntries, isFolded } from '../geometry/blocks.ts';
import { depthOf, entryIndex, entrySize, type LevelName } from '../geometry/translation.ts';
import { CONT, type Descriptor, isTable, isValid } from '../hardware/descriptor/descriptor.ts';
import * as fixmap from '../kernel/arch/arm64/include/asm/fixmap.ts';
import { kernel_table } from '../kernel/arch/arm64/include/asm/pgalloc.ts';
import { cont, mk_sect_prot } from '../kernel/arch/arm64/include/asm/pgtable.ts';
import {
  aligned,
  NO_BLOCK_MAPPINGS,
  NO_CONT_MAPPINGS,
  type PgtableAlloc,
  table_prot,
  v5_2,
  v5_10,
  v5_18,
} from '../kernel/arch/arm64/mm/mmu/create_pgd_mapping.ts';
import { v6_10, v7_2 } from '../kernel/arch/arm64/mm/mmu/create_pgd_mapping_v6_10.ts';
import * as huge_vmap from '../kernel/arch/arm64/mm/mmu/huge_vmap.ts';
import {
  bad,
  type EntryPointer,
  leaf_entry,
  none,
  p4d_addr_end,
  pgd_addr_end,
  pgd_offset_pgd,
  pmd_addr_end,
  pmd_leaf,
  pud_addr_end,
  pud_leaf,
  READ_ONCE,
  table_page,
} from '../kernel/include/linux/pgtable.ts';
import type { Kernel } from '../kernel/kernel.ts';
import type { Steps } from '../steps/step.ts';
import { READ_RUN } from './entries.ts';
import { type BatchForm, form } from './form.ts';
import { offsets, populates, SETTING, type SetRun, set_entries } from './pgtable.ts';
import { alloc_tables, type TablePages } from './tables.ts';

/** __create_pgd_mapping() by runs of equal entries. */

/** The parameters of a mapping, the same on all levels. */
interface Mapping {
  readonly k: Kernel;
  readonly set_run: SetRun;
  readonly prot: number;
  readonly alloc: PgtableAlloc;
  readonly flags: number;
}

const size_of = ({ k }: Mapping, level: LevelName): number => entrySize(k.c.t, depthOf(k.c.t, level));

/** How many whole entries of a level from `addr` on are still zero; 1 if the first is not. */
function* fresh_entries(
  m: Mapping,
  name: LevelName,
  p: EntryPointer,
  addr: number,
  end: number,
): Steps<number> {
  const size = size_of(m, name);
  const whole = aligned(size, addr) ? Math.floor((end - addr) / size) : 1;
  if (whole <= 1) return 1;
  const run = yield* READ_RUN(p, whole);
  return none(run) ? run.n : 1;
}

/** The piece from `addr` on whose contiguous groups are treated alike, and whether it gets the hint. */
function cont_piece(m: Mapping, name: 'PTE' | 'PMD', addr: number, end: number, phys: number) {
  const { t } = m.k.c;
  const depth = depthOf(t, name);
  const group = contEntries(t, depth);
  // root entries are handled one by one
  if (group === 1 || m.flags & NO_CONT_MAPPINGS) return { next: end, hint: false };
  const size = group * entrySize(t, depth);
  const boundary = (Math.floor(addr / size) + 1) * size;
  const next = boundary - 1 < end - 1 ? boundary : end;
  if (!aligned(size, addr, next, phys)) return { next: aligned(size, addr - phys) ? next : end, hint: false };
  return { next: Math.max(next, Math.floor(end / size) * size), hint: true };
}

/** Whether a piece under one entry has a leaf without the contiguous hint. */
function* has_noncont(
  { k }: Mapping,
  name: 'PTE' | 'PMD',
  parentp: EntryPointer,
  addr: number,
  next: number,
): Steps<boolean> {
  const { t } = k.c;
  const depth = depthOf(t, name);
  let p = table_page(k.c, yield* READ_ONCE(parentp)) + entryIndex(t, depth, addr) * 8;
  for (let left = (next - addr) / entrySize(t, depth); left > 0; ) {
    const run = yield* READ_RUN(p, left);
    if (isValid(run) && !cont(run)) return true;
    p += run.n * 8;
    left -= run.n;
  }
  return false;
}

/** The piece, or its first group, if the kernel keeps leaves without the hint and there are some. */
function* kept_piece(
  m: Mapping,
  name: 'PTE' | 'PMD',
  parentp: EntryPointer,
  addr: number,
  { next, hint }: { readonly next: number; readonly hint: boolean },
): Steps<{ readonly next: number; readonly hint: boolean }> {
  if (!hint || !m.k.c.mapping_keeps_entries) return { next, hint };
  if (!(yield* has_noncont(m, name, parentp, addr, next))) return { next, hint };
  const { t } = m.k.c;
  const depth = depthOf(t, name);
  const group = addr + contEntries(t, depth) * entrySize(t, depth);
  return { next: group, hint: !(yield* has_noncont(m, name, parentp, addr, group)) };
}

/** Allocates tables under `n` adjacent entries that have none, or under fewer. */
function* install(m: Mapping, level: LevelName, p: EntryPointer, n: number): Steps<TablePages> {
  const { k } = m;
  const pages = yield* alloc_tables(k, m.alloc, level, n);
  if (pages.phys < 0) return pages;
  const entry = kernel_table(k, pages.phys, table_prot(k, m.flags));
  yield* set_entries(k, m.set_run, p, pages.n, entry, k.c.PAGE_SIZE);
  return pages;
}

function* init_pte(
  m: Mapping,
  pmdp: EntryPointer,
  addr: number,
  end: number,
  phys: number,
  prot: number,
): Steps<void> {
  const { k } = m;
  const { PAGE_SIZE } = k.c;
  let ptep = yield* fixmap.pte_set_fixmap_offset(k, pmdp, addr);
  while (addr !== end) {
    const old = yield* READ_RUN(ptep, (end - addr) / PAGE_SIZE);
    const pte = leaf_entry(k.c, phys, prot);
    const n = none(old) ? old.n : 1;
    yield* m.set_run(ptep, n, pte, PAGE_SIZE);
    if (!(yield* k.pgattr_change_is_safe(old, pte))) yield* k.BUG('init_pte');
    ptep += n * 8;
    phys += n * PAGE_SIZE;
    addr += n * PAGE_SIZE;
  }
  yield* fixmap.pte_clear_fixmap(k);
}

/** [addr, end) lies under one PMD entry, or under several that are still zero. */
function* alloc_init_cont_pte(
  m: Mapping,
  pmdp: EntryPointer,
  addr: number,
  end: number,
  phys: number,
  prot: number,
): Steps<number> {
  const { k } = m;
  const size = entrySize(k.c.t, k.c.t.levels - 2);
  const first = Math.floor(addr / size);
  const entry = (va: number): EntryPointer => pmdp + (Math.floor(va / size) - first) * 8;
  while (addr !== end) {
    const pmd = yield* READ_ONCE(entry(addr));
    if (pmd_leaf(k.c, pmd)) yield* k.BUG('alloc_init_cont_pte');
    let stop = pmd_addr_end(k.c, addr, end);
    if (none(pmd)) {
      const pages = yield* install(m, 'PTE', entry(addr), Math.ceil((end - addr) / size));
      if (pages.phys < 0) return -k.errno.ENOMEM;
      if (pages.n > 1) stop = addr + pages.n * size;
    } else if (bad(k.c, pmd)) yield* k.BUG('alloc_init_cont_pte');
    while (addr !== stop) {
      const piece = cont_piece(m, 'PTE', addr, stop, phys);
      const { next, hint } = yield* kept_piece(m, 'PTE', entry(addr), addr, piece);
      yield* init_pte(m, entry(addr), addr, next, phys, prot | (hint ? CONT : 0));
      phys += next - addr;
      addr = next;
    }
  }
  return 0;
}

/** pmd_set_huge() or pud_set_huge() on `n` entries. */
function* set_huge(
  m: Mapping,
  level: 'PMD' | 'PUD',
  p: EntryPointer,
  n: number,
  phys: number,
  prot: number,
): Steps<void> {
  const { k } = m;
  const block = leaf_entry(k.c, phys, mk_sect_prot(prot));
  if (!(yield* k.pgattr_change_is_safe(yield* READ_ONCE(p), block))) {
    if (k.c.mapping_keeps_entries) yield* k.WARN(level === 'PMD' ? 'init_pmd' : 'alloc_init_pud');
    return;
  }
  yield* set_entries(k, m.set_run, p, n, block, size_of(m, level));
}

/** Whether a table stays where a block would fit. */
const keeps = ({ k }: Mapping, old: Descriptor): boolean => k.c.mapping_keeps_entries && isTable(old);

function* table_stays({ k }: Mapping, where: string, old: Descriptor, now: Descriptor): Steps<void> {
  if (none(old) || (old.addr === now.addr && old.attr === now.attr)) return;
  if (!k.c.mapping_keeps_entries) yield* k.BUG(where);
  else if (k.c.DEBUG_VM) yield* k.WARN_ON_ONCE(where);
}

function* init_pmd(
  m: Mapping,
  pudp: EntryPointer,
  addr: number,
  end: number,
  phys: number,
  prot: number,
): Steps<number> {
  const { k } = m;
  const size = size_of(m, 'PMD');
  let pmdp = yield* fixmap.pmd_set_fixmap_offset(k, pudp, addr);
  while (addr !== end) {
    const n = yield* fresh_entries(m, 'PMD', pmdp, addr, end);
    const old = yield* READ_ONCE(pmdp);
    const next = n > 1 ? addr + n * size : pmd_addr_end(k.c, addr, end);
    if (aligned(size, addr, next, phys) && !(m.flags & NO_BLOCK_MAPPINGS) && !keeps(m, old)) {
      yield* set_huge(m, 'PMD', pmdp, n, phys, prot);
      if (!(yield* k.pgattr_change_is_safe(old, yield* READ_ONCE(pmdp)))) yield* k.BUG('init_pmd');
    } else {
      const ret = yield* alloc_init_cont_pte(m, pmdp, addr, next, phys, prot);
      if (ret) return ret;
      const now = yield* READ_ONCE(pmdp);
      yield* table_stays(m, 'init_pmd', old, now);
    }
    pmdp += n * 8;
    phys += next - addr;
    addr = next;
  }
  yield* fixmap.pmd_clear_fixmap(k);
  return 0;
}

function* alloc_init_cont_pmd(
  m: Mapping,
  pudp: EntryPointer,
  addr: number,
  end: number,
  phys: number,
): Steps<number> {
  const { k } = m;
  let pud = yield* READ_ONCE(pudp);
  if (pud_leaf(k.c, pud)) yield* k.BUG('alloc_init_cont_pmd');
  if (!isFolded(k.c.t, 'PMD')) {
    if (none(pud)) {
      if ((yield* install(m, 'PMD', pudp, 1)).phys < 0) return -k.errno.ENOMEM;
      pud = yield* READ_ONCE(pudp);
    }
    if (bad(k.c, pud)) yield* k.BUG('alloc_init_cont_pmd');
  }
  while (addr !== end) {
    const piece = cont_piece(m, 'PMD', addr, end, phys);
    const { next, hint } = yield* kept_piece(m, 'PMD', pudp, addr, piece);
    const ret = yield* init_pmd(m, pudp, addr, next, phys, m.prot | (hint ? CONT : 0));
    if (ret) return ret;
    phys += next - addr;
    addr = next;
  }
  return 0;
}

function* alloc_init_pud(
  m: Mapping,
  p4dp: EntryPointer,
  addr: number,
  end: number,
  phys: number,
): Steps<number> {
  const { k } = m;
  const size = size_of(m, 'PUD');
  if (!isFolded(k.c.t, 'PUD')) {
    const p4d = yield* READ_ONCE(p4dp);
    if (none(p4d)) {
      if ((yield* install(m, 'PUD', p4dp, 1)).phys < 0) return -k.errno.ENOMEM;
    } else if (bad(k.c, p4d)) yield* k.BUG('alloc_init_pud');
  }
  let pudp = yield* fixmap.pud_set_fixmap_offset(k, p4dp, addr);
  while (addr !== end) {
    const blocks = k.c.PAGE_SHIFT === 12 && !(m.flags & NO_BLOCK_MAPPINGS) && aligned(size, phys);
    const n = blocks ? yield* fresh_entries(m, 'PUD', pudp, addr, end) : 1;
    const next = n > 1 ? addr + n * size : pud_addr_end(k.c, addr, end);
    const old = yield* READ_ONCE(pudp);
    if (blocks && aligned(size, addr, next) && !keeps(m, old)) {
      yield* set_huge(m, 'PUD', pudp, n, phys, m.prot);
      if (!(yield* k.pgattr_change_is_safe(old, yield* READ_ONCE(pudp)))) yield* k.BUG('alloc_init_pud');
    } else {
      const ret = yield* alloc_init_cont_pmd(m, pudp, addr, next, phys);
      if (ret) return ret;
      const now = yield* READ_ONCE(pudp);
      yield* table_stays(m, 'alloc_init_pud', old, now);
    }
    pudp += n * 8;
    phys += next - addr;
    addr = next;
  }
  yield* fixmap.pud_clear_fixmap(k);
  return 0;
}

function* alloc_init_p4d(
  m: Mapping,
  pgdp: EntryPointer,
  addr: number,
  end: number,
  phys: number,
): Steps<number> {
  const { k } = m;
  if (isFolded(k.c.t, 'P4D')) return yield* alloc_init_pud(m, pgdp, addr, end, phys);
  const pgd = yield* READ_ONCE(pgdp);
  if (none(pgd)) {
    if ((yield* install(m, 'P4D', pgdp, 1)).phys < 0) return -k.errno.ENOMEM;
  } else if (bad(k.c, pgd)) yield* k.BUG('alloc_init_p4d');
  let p4dp = yield* fixmap.p4d_set_fixmap_offset(k, pgdp, addr);
  for (let next = addr; addr !== end; addr = next, p4dp += 8) {
    next = p4d_addr_end(k.c, addr, end);
    const ret = yield* alloc_init_pud(m, p4dp, addr, next, phys);
    if (ret) return ret;
    phys += next - addr;
  }
  yield* fixmap.p4d_clear_fixmap(k);
  return 0;
}

const create_pgd_mapping = (set_run: SetRun) =>
  function* (
    this: Kernel,
    pgdir: EntryPointer,
    phys: number,
    virt: number,
    size: number,
    prot: number,
    alloc: PgtableAlloc,
    flags: number,
  ): Steps<number> {
    const { PAGE_SIZE } = this.c;
    if ((((phys - virt) % PAGE_SIZE) + PAGE_SIZE) % PAGE_SIZE !== 0) {
      yield* this.WARN('__create_pgd_mapping');
      return -this.errno.EINVAL;
    }
    const m: Mapping = { k: this, set_run, prot, alloc, flags };
    let at = Math.floor(phys / PAGE_SIZE) * PAGE_SIZE;
    let addr = Math.floor(virt / PAGE_SIZE) * PAGE_SIZE;
    const end = Math.ceil((virt + size) / PAGE_SIZE) * PAGE_SIZE;
    for (let next = addr; addr !== end; addr = next) {
      next = pgd_addr_end(this.c, addr, end);
      const ret = yield* alloc_init_p4d(m, pgd_offset_pgd(this.c, pgdir, addr), addr, next, at);
      if (ret) return ret;
      at += next - addr;
    }
    return 0;
  };

const { __create_pgd_mapping: exact, ...below } = v5_2;
const { pmd_set_huge, pud_set_huge } = huge_vmap.v5_2;

/** The releases' functions below __create_pgd_mapping(). */
const BELOW = [below, { ...below, ...v5_10 }, v6_10, { ...v6_10, ...v7_2 }];

export const forms: readonly BatchForm[] = SETTING.flatMap(({ set_run, exact: setting }) => {
  return BELOW.flatMap((of) => {
    const batch = create_pgd_mapping(set_run);
    const instead_of = { ...setting, ...offsets, ...populates, ...of, pmd_set_huge, pud_set_huge };
    return [
      form({ name: '__create_pgd_mapping', exact, batch, instead_of }),
      form({
        name: '__create_pgd_mapping_locked',
        exact: v5_18.__create_pgd_mapping_locked,
        batch,
        instead_of,
      }),
    ];
  });
});
