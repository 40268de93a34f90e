import { contSize } from '../geometry/blocks.ts';
import { depthOf } from '../geometry/translation.ts';
import { CONT, INVALID, isValid } from '../hardware/descriptor/descriptor.ts';
import * as pgtable from '../kernel/arch/arm64/include/asm/pgtable.ts';
import { cont } from '../kernel/arch/arm64/include/asm/pgtable.ts';
import * as asm_vmalloc from '../kernel/arch/arm64/include/asm/vmalloc.ts';
import * as dump from '../kernel/arch/arm64/mm/dump.ts';
import { leaf_entry, NULL_ENTRY, none, present } from '../kernel/include/linux/pgtable.ts';
import type { Kernel } from '../kernel/kernel.ts';
import * as ioremap from '../kernel/lib/ioremap.ts';
import * as pagewalk from '../kernel/mm/pagewalk.ts';
import * as ptdump from '../kernel/mm/ptdump.ts';
import * as vmalloc_map from '../kernel/mm/vmalloc/map.ts';
import * as vmalloc_unmap from '../kernel/mm/vmalloc/unmap.ts';
import { PFN_PHYS } from '../kernel/pfn.ts';
import { READ_RUN, XCHG_RUN } from './entries.ts';
import { type BatchForm, form } from './form.ts';
import { SETTING, type SetRun, set_run_v5_3 } from './pgtable.ts';

/** The PTEs of one table by runs: vmalloc, ioremap and ptdump. */

/** How many of the pages from `nr` on lie side by side, at most `most`. */
function side_by_side(pages: readonly number[], nr: number, most: number): number {
  let n = 1;
  while (n < most && pages[nr + n] === pages[nr]! + n) n++;
  return n;
}

const vmap_pte_range = (set_run: SetRun): BatchForm<'vmap_pte_range'>['batch'] =>
  function* (pmdp, addr, end, prot, pages, mapped) {
    const { PAGE_SIZE } = this.c;
    let ptep = yield* this.pte_alloc_kernel(pmdp, addr);
    if (ptep === NULL_ENTRY) return -this.errno.ENOMEM;
    do {
      const old = yield* READ_RUN(ptep, side_by_side(pages, mapped.nr, (end - addr) / PAGE_SIZE));
      if (!none(old)) {
        yield* this.WARN('vmap_pte_range');
        return -this.errno.EBUSY;
      }
      const pte = leaf_entry(this.c, PFN_PHYS(this.c, pages[mapped.nr]!), prot);
      yield* set_run(ptep, old.n, pte, PAGE_SIZE);
      mapped.nr += old.n;
      ptep += old.n * 8;
      addr += old.n * PAGE_SIZE;
    } while (addr !== end);
    return 0;
  };

/** The bytes from `addr` on that are mapped alike, and whether they are contiguous groups. */
function ioremap_piece(k: Kernel, addr: number, end: number, phys: number, groups: boolean) {
  const size = contSize(k.c.t, depthOf(k.c.t, 'PTE'));
  if (!groups || (addr - phys) % size !== 0) return { bytes: end - addr, hint: false };
  const whole = Math.floor((end - addr) / size) * size;
  if (addr % size === 0) return whole > 0 ? { bytes: whole, hint: true } : { bytes: end - addr, hint: false };
  const boundary = Math.ceil(addr / size) * size;
  return { bytes: Math.min(boundary, end) - addr, hint: false };
}

const ioremap_pte_range = (set_run: SetRun, groups: boolean): BatchForm<'ioremap_pte_range'>['batch'] =>
  function* (pmdp, addr, end, phys, prot) {
    const { PAGE_SIZE } = this.c;
    let ptep = yield* this.pte_alloc_kernel(pmdp, addr);
    if (ptep === NULL_ENTRY) return -this.errno.ENOMEM;
    do {
      const { bytes, hint } = ioremap_piece(this, addr, end, phys, groups);
      const old = yield* READ_RUN(ptep, bytes / PAGE_SIZE);
      if (!none(old)) yield* this.BUG('ioremap_pte_range');
      const pte = leaf_entry(this.c, phys, hint ? prot | CONT : prot);
      yield* set_run(ptep, old.n, pte, PAGE_SIZE);
      ptep += old.n * 8;
      phys += old.n * PAGE_SIZE;
      addr += old.n * PAGE_SIZE;
    } while (addr !== end);
    return 0;
  };

const { __set_ptes_anysz, emit_pte_barriers } = pgtable.v6_16;
const sizes = asm_vmalloc.v6_16;

const mapping: readonly BatchForm[] = [
  ...SETTING.flatMap(({ set_run, exact: { set_pte } }) => [
    form({
      name: 'vmap_pte_range',
      exact: vmalloc_map.v5_2.vmap_pte_range,
      instead_of: { set_pte: set_pte! },
      batch: vmap_pte_range(set_run),
    }),
    form({
      name: 'ioremap_pte_range',
      exact: ioremap.v5_2.ioremap_pte_range,
      instead_of: { set_pte: set_pte! },
      batch: ioremap_pte_range(set_run, false),
    }),
  ]),
  form({
    name: 'vmap_pte_range',
    exact: vmalloc_map.v6_16.vmap_pte_range,
    instead_of: { __set_ptes_anysz, emit_pte_barriers },
    batch: vmap_pte_range(set_run_v5_3),
  }),
  form({
    name: 'ioremap_pte_range',
    exact: ioremap.v6_16.ioremap_pte_range,
    instead_of: { __set_ptes_anysz, emit_pte_barriers, ...sizes },
    batch: ioremap_pte_range(set_run_v5_3, true),
  }),
];

export const forms: readonly BatchForm[] = [
  ...mapping,
  form({
    name: 'vunmap_pte_range',
    exact: vmalloc_unmap.v5_2.vunmap_pte_range,
    *batch(pmdp, addr, end) {
      const { PAGE_SIZE } = this.c;
      let ptep = yield* this.pte_offset_kernel(pmdp, addr);
      do {
        const ptent = yield* XCHG_RUN(ptep, (end - addr) / PAGE_SIZE, INVALID);
        if (!none(ptent) && !present(this.c, ptent)) yield* this.WARN('vunmap_pte_range');
        ptep += ptent.n * 8;
        addr += ptent.n * PAGE_SIZE;
      } while (addr !== end);
    },
  }),
  form({
    name: 'vunmap_pte_range',
    exact: vmalloc_unmap.v6_16.vunmap_pte_range,
    instead_of: sizes,
    *batch(pmdp, addr, end) {
      const { PAGE_SIZE } = this.c;
      let ptep = yield* this.pte_offset_kernel(pmdp, addr);
      do {
        const run = yield* READ_RUN(ptep, (end - addr) / PAGE_SIZE);
        if (isValid(run) && cont(run)) {
          // one group, and what is wrong with it
          const size = contSize(this.c.t, depthOf(this.c.t, 'PTE'));
          const inside = ((addr % size) + size) % size;
          if (inside !== 0) yield* this.WARN('vunmap_pte_range');
          addr -= inside;
          ptep -= (inside / PAGE_SIZE) * 8;
          for (let i = 0; i < size / PAGE_SIZE; ) {
            i += (yield* XCHG_RUN(ptep + i * 8, size / PAGE_SIZE - i, INVALID)).n;
          }
          if (end - addr < size) yield* this.WARN('vunmap_pte_range');
          const done = Math.min(size, end - addr);
          ptep += (done / PAGE_SIZE) * 8;
          addr += done;
          continue;
        }
        const ptent = yield* XCHG_RUN(ptep, run.n, INVALID);
        if (!none(ptent) && !present(this.c, ptent)) yield* this.WARN('vunmap_pte_range');
        ptep += ptent.n * 8;
        addr += ptent.n * PAGE_SIZE;
      } while (addr !== end);
    },
  }),
  form({
    name: 'walk_pte',
    exact: dump.v5_2.walk_pte,
    *batch(notes, pmdp, start, end) {
      const { PAGE_SIZE } = this.c;
      let ptep = yield* this.pte_offset_kernel(pmdp, start);
      for (let addr = start; addr !== end; ) {
        const run = yield* READ_RUN(ptep, (end - addr) / PAGE_SIZE);
        const next = addr + run.n * PAGE_SIZE;
        notes.push({ addr, end: next, level: 'PTE', attr: run.attr });
        ptep += run.n * 8;
        addr = next;
      }
    },
  }),
  form({
    name: 'walk_pte_range',
    exact: pagewalk.v5_7.walk_pte_range,
    instead_of: { ptdump_pte_entry: ptdump.v5_7.ptdump_pte_entry },
    *batch(pmdp, start, end, walk) {
      const { PAGE_SIZE } = this.c;
      let ptep = yield* this.pte_offset_kernel(pmdp, start);
      for (let addr = start; addr !== end; ) {
        const run = yield* READ_RUN(ptep, (end - addr) / PAGE_SIZE);
        const next = addr + run.n * PAGE_SIZE;
        walk.private.push({ addr, end: next, level: 'PTE', attr: run.attr });
        ptep += run.n * 8;
        addr = next;
      }
    },
  }),
];
