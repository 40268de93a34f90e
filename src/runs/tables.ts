import type { LevelName } from '../geometry/translation.ts';
import type { PgtableAlloc } from '../kernel/arch/arm64/mm/mmu/create_pgd_mapping.ts';
import * as free_hotplug from '../kernel/arch/arm64/mm/mmu/free_hotplug.ts';
import * as pgtable_alloc from '../kernel/arch/arm64/mm/mmu/pgtable_alloc.ts';
import { count_table, uncount_table } from '../kernel/include/asm-generic/pgalloc.ts';
import * as pagetable from '../kernel/include/linux/mm/pagetable.ts';
import { construct_tables, destroy_tables } from '../kernel/include/linux/mm/pagetable.ts';
import type { Kernel, KernelFunctions } from '../kernel/kernel.ts';
import { USE } from '../kernel/mm/page.ts';
import { mmu_steps } from '../kernel/mmu.ts';
import { change } from '../kernel/ops.ts';
import { PFN_DOWN, PFN_PHYS } from '../kernel/pfn.ts';
import type { Steps } from '../steps/step.ts';

/** Several table pages at a time. */

/** Adjacent zeroed table pages: at least one, at most as many as requested; none if phys is -1. */
export interface TablePages {
  readonly phys: number;
  readonly n: number;
}

/** Whether the kernel has exactly these functions. */
const has = (k: Kernel, known: Partial<KernelFunctions>): boolean =>
  Object.entries(known).every(([name, fn]) => k[name as keyof KernelFunctions] === fn);

const { __pagetable_ctor: ctor, pagetable_dtor: dtor } = pagetable.v5_2;

/** Up to `n` tables, as `alloc` would return them one by one; a single one if that function is not known here. */
export function* alloc_tables(
  k: Kernel,
  alloc: PgtableAlloc,
  level: LevelName,
  n: number,
): Steps<TablePages> {
  const after_boot = alloc === '__pgd_pgtable_alloc';
  const plain = [pgtable_alloc.v5_2, pgtable_alloc.v6_10].some(
    ({ early_pgtable_alloc, __pgd_pgtable_alloc }) =>
      has(k, after_boot ? { __pgd_pgtable_alloc } : { early_pgtable_alloc }),
  );
  const constructed = after_boot && has(k, { ...pgtable_alloc.v7_1, __pagetable_ctor: ctor });
  if (n === 1 || !(plain || constructed)) return { phys: yield* k[alloc](level), n: 1 };
  const found = yield* k.$alloc_pages('pgtable', -1, 1, n, 1, USE.TABLE);
  if (!found) {
    if (after_boot && !k.c.pgtable_alloc_may_fail) yield* k.BUG(alloc);
    return { phys: -1, n: 0 };
  }
  const phys = PFN_PHYS(k.c, found.pfn);
  yield* change(mmu_steps.clear_pages, phys, PFN_PHYS(k.c, found.nr_pages));
  yield* change(count_table, level, found.pfn, found.nr_pages);
  if (constructed) yield* construct_tables(k, found.pfn, found.nr_pages);
  return { phys, n: found.nr_pages };
}

/** The releases' ways to free hot-removed tables, with their functions. */
export const FREEING: readonly {
  readonly exact: Partial<KernelFunctions>;
  readonly destroyed: boolean;
}[] = [
  { exact: free_hotplug.v5_2, destroyed: false },
  { exact: { ...free_hotplug.v5_2, ...free_hotplug.v7_1, pagetable_dtor: dtor }, destroyed: true },
];

/** free_hotplug_pgtable_page() of `n` adjacent tables. */
export function* free_tables(k: Kernel, destroyed: boolean, phys: number, n: number): Steps<void> {
  const pfn = PFN_DOWN(k.c, phys);
  yield* change(uncount_table, pfn, n);
  if (destroyed) yield* destroy_tables(k, pfn, n);
  yield* free_hotplug.free_checked(k, pfn, n, n);
}
