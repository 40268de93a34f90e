import { READ_ONCE } from '../../../kernel/include/linux/pgtable.ts';
import type { Kernel } from '../../../kernel/kernel.ts';
import { bad_entry_text } from '../../../kernel/mm/pgtable-generic.ts';
import type { EntryPointer } from '../../../kernel/mmu.ts';
import { pr_err } from '../../../kernel/ops.ts';
import type { Steps } from '../../../steps/step.ts';
import { numberOf, ZERO } from '../../values.ts';
import { type External, type Externals, entryAt, kernel } from './external.ts';

function* clearBad(k: Kernel, level: 'pgd' | 'pud' | 'pmd', p: EntryPointer): Steps<undefined> {
  yield* pr_err(bad_entry_text(k, level, yield* READ_ONCE(p)));
  yield* k[`${level}_clear`](p);
  return undefined;
}

/** Returns at once for the kernel's own tables. */
const ofUsers: External = {
  is: 'inert',
  *run(site) {
    const place = site.place(site.args[0]!);
    if (place.kind !== 'variable' || place.name !== 'init_mm') return site.stop('the tables of a program');
    return ZERO;
  },
};

/** mm/memory.c, mm/pgtable-generic.c, and arch/arm64/mm/contpte.c. */
export const PAGE_TABLES: Externals = {
  __pte_alloc_kernel: kernel(function* (k, [pmdp], site) {
    return yield* k.__pte_alloc_kernel(entryAt(site, pmdp!));
  }),
  __pmd_alloc: kernel(function* (k, [, pudp, addr], site) {
    return yield* k.__pmd_alloc(entryAt(site, pudp!), numberOf(addr!));
  }),
  __pud_alloc: kernel(function* (k, [, p4dp, addr], site) {
    return yield* k.__pud_alloc(entryAt(site, p4dp!), numberOf(addr!));
  }),
  p4d_free_pud_page: kernel(function* (k, [p4dp, addr], site) {
    return (yield* k.p4d_free_pud_page(entryAt(site, p4dp!), numberOf(addr!))) ? 1 : 0;
  }),
  pgd_clear_bad: kernel((k, [p], site) => clearBad(k, 'pgd', entryAt(site, p!))),
  pud_clear_bad: kernel((k, [p], site) => clearBad(k, 'pud', entryAt(site, p!))),
  pmd_clear_bad: kernel((k, [p], site) => clearBad(k, 'pmd', entryAt(site, p!))),
  arch_make_huge_pte: { is: 'refused' },
  set_huge_pte_at: { is: 'refused' },
  // arch/arm64/mm/contpte.c: only user space has its entries folded
  __contpte_try_fold: ofUsers,
  __contpte_try_unfold: ofUsers,
  // gathers access and dirty bits of the group, which all entries of a group of the kernel have alike
  contpte_ptep_get: {
    is: 'inert',
    *run({ args }) {
      return args[1]!;
    },
  },
  // the same; it reads the group again until it finds it whole, as every group of the kernel's tables is
  contpte_ptep_get_lockless: {
    is: 'modelled',
    *run(site) {
      return yield* site.read(site.args[0]!, 8);
    },
  },
  mte_sync_tags: { is: 'refused' },
  __sync_icache_dcache: { is: 'refused' },
};
