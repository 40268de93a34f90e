import * as pgtable from '../../kernel/arch/arm64/include/asm/pgtable.ts';
import * as asm_vmalloc from '../../kernel/arch/arm64/include/asm/vmalloc.ts';
import * as fault from '../../kernel/arch/arm64/mm/fault.ts';
import * as hotunplug from '../../kernel/arch/arm64/mm/mmu/hotunplug.ts';
import * as huge_vmap from '../../kernel/arch/arm64/mm/mmu/huge_vmap.ts';
import * as pgtable_alloc from '../../kernel/arch/arm64/mm/mmu/pgtable_alloc.ts';
import * as pageattr from '../../kernel/arch/arm64/mm/pageattr.ts';
import * as ptdump_debugfs from '../../kernel/arch/arm64/mm/ptdump_debugfs.ts';
import * as x86_free from '../../kernel/arch/x86/mm/init_64/free_pages.ts';
import * as memory_block from '../../kernel/drivers/base/memory/block.ts';
import * as dax_kmem from '../../kernel/drivers/dax/kmem.ts';
import * as proc_page from '../../kernel/fs/proc/page.ts';
import * as pgalloc from '../../kernel/include/asm-generic/pgalloc.ts';
import * as ioremap from '../../kernel/lib/ioremap.ts';
import * as add_memory from '../../kernel/mm/memory_hotplug/add_memory.ts';
import * as node_states from '../../kernel/mm/memory_hotplug/node_states.ts';
import * as remove_memory from '../../kernel/mm/memory_hotplug/remove_memory.ts';
import * as memory_failure from '../../kernel/mm/memory-failure.ts';
import * as ptdump from '../../kernel/mm/ptdump.ts';
import * as sparse from '../../kernel/mm/sparse.ts';
import * as sparse_vmemmap from '../../kernel/mm/sparse-vmemmap/vmemmap_populate.ts';
import * as vmalloc_map from '../../kernel/mm/vmalloc/map.ts';
import * as vmalloc_unmap from '../../kernel/mm/vmalloc/unmap.ts';
import { defineRelease } from '../define.ts';
import type { Introduced } from '../functions-of.ts';
import { PGPROT } from './pgprot.ts';
import type { New as OfV52 } from './v5.2.ts';
import { v6_15 } from './v6.15.ts';

export const own = {
  functions: {
    ...proc_page.v6_17,
    ...dax_kmem.v6_17,
    ...add_memory.v6_18,
    ...node_states.v6_18,
    $store_memory_block: memory_block.v6_12.$store_memory_block,
    $altmap_taken: remove_memory.v6_12.$altmap_taken,
    memblk_nr_poison_inc: memory_block.v6_12.memblk_nr_poison_inc,
    ...sparse.v6_17,
    $mf_already: memory_failure.v6_12.$mf_already,
  },
  arch: {
    arm64: {
      ...hotunplug.v6_1_192,
      ...ptdump.v6_1_192,
      ptdump_show: ptdump_debugfs.v5_2.ptdump_show,
      ...fault.v6_17,
      ...huge_vmap.v7_1,
      ...pageattr.v6_18,
      ...asm_vmalloc.v6_16,
      ...pgtable.v6_16,
      ...pgalloc.v6_16,
      ...pgtable_alloc.v7_1,
      ...ioremap.v6_16,
      ...vmalloc_map.v6_16,
      ...vmalloc_unmap.v6_16,
    },
    x86_64: {
      ...x86_free.v6_18_7,
      ...pgalloc.v6_16,
      vunmap_pmd_range: vmalloc_unmap.v6_16.vunmap_pmd_range,
      vunmap_pud_range: vmalloc_unmap.v6_16.vunmap_pud_range,
      ...ptdump.v6_1_192,
      ...sparse_vmemmap.v6_17,
    },
  },
};

export type New = Introduced<typeof own, OfV52>;

declare module '../../kernel/kernel.ts' {
  interface KernelFunctions extends New {}
}

/** A new node is registered before its blocks; no BUG is left in the add path; huge vmap beside ptdump. */
export const v6_18 = defineRelease({
  name: 'v6.18',
  base: v6_15,
  about: '6.18.35',
  ...own,
  constants: {
    KSTRTOBOOL_ENABLE: true,
    pgtable_alloc_may_fail: true,
    rodata_on_is_full: true,
    pgprot: PGPROT.v6_18,
  },
});
