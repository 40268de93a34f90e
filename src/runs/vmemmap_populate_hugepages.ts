import { depthOf, entryIndex } from '../geometry/translation.ts';
import type { Descriptor } from '../hardware/descriptor/descriptor.ts';
import { tableAt } from '../hardware/walks/walk.ts';
import { mk_sect_prot } from '../kernel/arch/arm64/include/asm/pgtable.ts';
import { v5_2 as huge_vmap } from '../kernel/arch/arm64/mm/mmu/huge_vmap.ts';
import { v5_2 as x86_pgtable } from '../kernel/arch/x86/include/asm/pgtable.ts';
import { v5_2 as x86, v6_6 as x86_v6_6 } from '../kernel/arch/x86/mm/init_64/vmemmap.ts';
import { type EntryPointer, leaf_entry, none } from '../kernel/include/linux/pgtable.ts';
import type { Kernel, KernelFunctions } from '../kernel/kernel.ts';
import { v5_2 as generic, v6_17 as synced } from '../kernel/mm/sparse-vmemmap/vmemmap_populate.ts';
import { look, operation } from '../kernel/ops.ts';
import { PFN_PHYS } from '../kernel/pfn.ts';
import type { State } from '../kernel/state.ts';
import type { Steps } from '../steps/step.ts';
import { READ_RUN, WRITE_RUN } from './entries.ts';
import { type BatchForm, form } from './form.ts';
import { offsets, SETTING, type SetRun } from './pgtable.ts';

/** vmemmap_populate_hugepages() by runs of adjacent blocks, without the walk to each entry. */

/** The PMD entry that translates an address; null without its table. */
const pmd_at = operation({
  name: 'pmd_at',
  obj: 'mmu',
  writes: false,
  run(state: State, addr: number): EntryPointer | null {
    const m = state.mmu!;
    const depth = depthOf(m.t, 'PMD');
    const table = tableAt(m, depth, addr);
    return table === null ? null : table + entryIndex(m.t, depth, addr) * 8;
  },
});

/** Empty entries of one table get blocks: how many, before there is no memory for the next. */
function* fill(
  k: Kernel,
  set_run: SetRun,
  pmdp: EntryPointer,
  n: number,
  node: number,
  block: (pfn: number) => Descriptor,
): Steps<number> {
  const { PMD_SIZE, PAGE_SIZE } = k.c;
  const pfns: number[] = [];
  while (pfns.length < n) {
    const pfn = yield* k.vmemmap_alloc_block_buf(PMD_SIZE, node, null);
    if (pfn < 0) break;
    pfns.push(pfn);
  }
  for (let i = 0; i < pfns.length; ) {
    let together = 1;
    while (pfns[i + together] === pfns[i]! + (together * PMD_SIZE) / PAGE_SIZE) together++;
    yield* set_run(pmdp + i * 8, together, block(pfns[i]!), PMD_SIZE);
    i += together;
  }
  return pfns.length;
}

const tables: BatchForm['instead_of'] = {
  vmemmap_pgd_populate: [generic.vmemmap_pgd_populate, synced.vmemmap_pgd_populate],
  vmemmap_p4d_populate: [generic.vmemmap_p4d_populate, synced.vmemmap_p4d_populate],
  vmemmap_pud_populate: generic.vmemmap_pud_populate,
};

interface Architecture {
  readonly exact: KernelFunctions['vmemmap_populate_hugepages'];
  readonly instead_of: NonNullable<BatchForm['instead_of']>;
  readonly set_run: SetRun;
  readonly attr: (k: Kernel) => number;
  /** Whether the exact function sets a block where nothing is. */
  readonly sets: (k: Kernel, none: Descriptor, block: Descriptor) => Steps<boolean>;
  /** What the exact function does without memory for a block. */
  readonly no_block: (k: Kernel, addr: number, next: number, node: number) => Steps<number>;
}

const populate = ({ exact, instead_of, set_run, attr, sets, no_block }: Architecture): BatchForm =>
  form({
    name: 'vmemmap_populate_hugepages',
    exact,
    instead_of: { ...tables, ...instead_of },
    *batch(start, end, node, altmap) {
      const { PMD_SIZE, t } = this.c;
      const depth = depthOf(t, 'PMD');
      const block = (pfn: number): Descriptor => leaf_entry(this.c, PFN_PHYS(this.c, pfn), attr(this));
      for (let addr = start; addr < end; ) {
        const base = Math.floor(addr / PMD_SIZE) * PMD_SIZE;
        const pmdp = altmap ? null : yield* look(pmd_at, addr);
        const most = Math.min(
          Math.ceil((end - base) / PMD_SIZE),
          t.entries[depth]! - entryIndex(t, depth, addr),
        );
        const run = pmdp === null ? null : yield* READ_RUN(pmdp, most);
        const after = (n: number): number => Math.min(base + n * PMD_SIZE, end);
        let done = 1;
        let ret = 0;
        if (run && none(run) && (yield* sets(this, run, block(0)))) {
          done = yield* fill(this, set_run, pmdp!, run.n, node, block);
          if (done < run.n) ret = yield* no_block(this, Math.max(addr, after(done)), after(++done), node);
        } else ret = yield* exact.call(this, addr, after(1), node, altmap);
        if (ret) return ret;
        addr = after(done);
      }
      return 0;
    },
  });

const { pmd_set_huge } = huge_vmap;

export const forms: readonly BatchForm[] = [
  ...[x86, x86_v6_6].map((of) =>
    populate({
      exact: of.vmemmap_populate_hugepages,
      instead_of: { set_pmd: x86_pgtable.set_pmd },
      set_run: WRITE_RUN,
      attr: ({ c }) => c.pgprot.PROT_SECT_NORMAL,
      *sets() {
        return true;
      },
      *no_block(k, addr, next, node) {
        return (yield* k.vmemmap_populate_basepages(addr, next, node, null)) ? -k.errno.ENOMEM : 0;
      },
    }),
  ),
  ...SETTING.map(({ set_run, exact }) =>
    populate({
      exact: generic.vmemmap_populate_hugepages,
      instead_of: { ...exact, ...offsets, pmd_set_huge },
      set_run,
      attr: ({ c }) => mk_sect_prot(c.pgprot.PROT_SECT_NORMAL),
      sets: (k, old, block) => k.pgattr_change_is_safe(old, block),
      no_block: (k, addr, next, node) => k.$vmemmap_no_block(addr, next, node, null),
    }),
  ),
];
