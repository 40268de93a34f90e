import { flushed } from '../../../kernel/arch/x86/mm/init_64/free_pages.ts';
import { change } from '../../../kernel/ops.ts';
import { numberOf, wordOf } from '../../values.ts';
import { answers, type Externals, kernel } from './external.ts';

/** arch/x86/mm, and what it calls. */
export const X86: Externals = {
  flush_tlb_all: kernel(function* (k, _args, site) {
    yield* k.flush_tlb_all();
    // the model's books of what is freed before it is flushed
    if (!k.alone && site.chain[0] === 'remove_pagetable') yield* change(flushed);
    return undefined;
  }),
  flush_tlb_kernel_range: kernel(function* (k, [start, end]) {
    yield* k.flush_tlb_kernel_range(numberOf(start!), numberOf(end!));
    return undefined;
  }),
  // a new entry of the root, for the roots of processes
  sync_global_pgds: kernel(function* (k, [start, end]) {
    yield* k.sync_global_pgds(numberOf(start!), numberOf(end!));
    return undefined;
  }),
  arch_sync_kernel_mappings: kernel(function* (k, [start, end], site) {
    // the model does not do it for the vmalloc area
    if (site.chain[0]!.startsWith('vmemmap_'))
      yield* k.arch_sync_kernel_mappings(numberOf(start!), numberOf(end!));
    return undefined;
  }),
  // memory types by MTRR: uniform, write-back (MTRR_TYPE_WRBACK)
  mtrr_type_lookup: {
    is: 'modelled',
    *run(site) {
      yield* site.write(site.args[2]!, 1, wordOf(1));
      return wordOf(6);
    },
  },
  // only boot and Xen look at them
  add_pfn_range_mapped: answers('inert', () => 0),
  // counts of /proc/meminfo, under pgd_lock
  update_page_count: answers('inert', () => 0),
  // marks the part of a block of the memmap that goes; of the linear map there is nothing to mark (it is called for it, too)
  vmemmap_pmd_is_unused: kernel(function* (k, [addr, end]) {
    const [from, to] = [numberOf(addr!), numberOf(end!)];
    if (from < k.c.VMEMMAP_START || to > k.c.VMEMMAP_END) return 0;
    return (yield* k.vmemmap_pmd_is_unused(from, to)) ? 1 : 0;
  }),
  // the same until v5.12: whether a byte of the block differs from PAGE_INUSE, which the range has been filled with
  memchr_inv: kernel(function* (k, [at], site) {
    if (site.chain[0] !== 'remove_pmd_table' && site.chain[0] !== 'remove_pud_table')
      return site.stop('memchr_inv()');
    const unused = site.inUse && (yield* k.vmemmap_pmd_is_unused(site.inUse.start, site.inUse.end));
    return unused ? 0 : numberOf(at!);
  }),
  // struct pages that come into use in a block that is there
  vmemmap_use_sub_pmd: answers('inert', () => 0),
  vmemmap_use_new_sub_pmd: answers('inert', () => 0),
  // entries of the kernel's half of the root are the same for both halves of the isolation
  __pti_set_user_pgtbl: {
    is: 'inert',
    *run({ args }) {
      return args[1]!;
    },
  },
};
