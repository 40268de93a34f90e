import * as tlbflush from '../../kernel/arch/arm64/include/asm/tlbflush.ts';
import * as create_pgd_mapping from '../../kernel/arch/arm64/mm/mmu/create_pgd_mapping_v6_10.ts';
import * as free_hotplug from '../../kernel/arch/arm64/mm/mmu/free_hotplug.ts';
import * as hotunplug from '../../kernel/arch/arm64/mm/mmu/hotunplug.ts';
import * as huge_vmap from '../../kernel/arch/arm64/mm/mmu/huge_vmap.ts';
import * as pgattr_change_is_safe from '../../kernel/arch/arm64/mm/mmu/pgattr_change_is_safe.ts';
import * as split_leaf from '../../kernel/arch/arm64/mm/mmu/split_leaf.ts';
import * as x86_free from '../../kernel/arch/x86/mm/init_64/free_pages.ts';
import * as x86_set_memory from '../../kernel/arch/x86/mm/pat/set_memory.ts';
import * as x86_pgtable_c from '../../kernel/arch/x86/mm/pgtable.ts';
import * as memory_block from '../../kernel/drivers/base/memory/block.ts';
import * as hmem_device from '../../kernel/drivers/dax/hmem/device.ts';
import * as dax_kmem from '../../kernel/drivers/dax/kmem.ts';
import * as ioremap from '../../kernel/lib/ioremap.ts';
import * as memblock from '../../kernel/mm/memblock/memblock.ts';
import * as add_memory from '../../kernel/mm/memory_hotplug/add_memory.ts';
import * as remove_memory from '../../kernel/mm/memory_hotplug/remove_memory.ts';
import * as memmap_init from '../../kernel/mm/page_alloc/memmap_init.ts';
import * as pgtable_generic from '../../kernel/mm/pgtable-generic.ts';
import * as sparse from '../../kernel/mm/sparse.ts';
import * as nr_vmemmap_pages from '../../kernel/mm/sparse-vmemmap/nr_vmemmap_pages.ts';
import * as vmemmap_populate from '../../kernel/mm/sparse-vmemmap/vmemmap_populate.ts';
import { defineRelease } from '../define.ts';
import type { Introduced } from '../functions-of.ts';
import { PGPROT } from './pgprot.ts';
import type { New as OfV52 } from './v5.2.ts';
import { v7_0 } from './v7.0.ts';

export const own = {
  functions: {
    ...memblock.v7_2,
    ...hmem_device.v7_2,
    memmap_init_zone_device: memmap_init.v5_2.memmap_init_zone_device,
    ...memory_block.v6_12,
    ...sparse.v7_2,
    dev_dax_kmem_remove: dax_kmem.v6_1.dev_dax_kmem_remove,
    ...nr_vmemmap_pages.v7_2,
    $undo_with_altmap: add_memory.v6_6.$undo_with_altmap,
    $altmap_taken: remove_memory.v6_12.$altmap_taken,
  },
  arch: {
    arm64: {
      ...create_pgd_mapping.v7_2,
      ...hotunplug.v6_1_192,
      ...huge_vmap.v7_2,
      ...ioremap.v6_12_117,
      ...free_hotplug.v7_1,
      ...pgattr_change_is_safe.v7_2,
      ...tlbflush.v7_2,
      ...split_leaf.v7_1,
      ...pgtable_generic.v7_2,
      ...vmemmap_populate.v7_2,
    },
    x86_64: {
      ...ioremap.v6_12_117,
      ...pgtable_generic.v7_2,
      ...x86_free.v7_2,
      ...x86_pgtable_c.v7_2,
      ...x86_set_memory.v7_2,
    },
  },
};

export type New = Introduced<typeof own, OfV52>;

declare module '../../kernel/kernel.ts' {
  interface KernelFunctions extends New {}
}

/** Every table that a removal frees is destructed; a removal that splits a leaf is refused. */
export const v7_2 = defineRelease({
  name: 'v7.2',
  base: v7_0,
  about: '7.2.13',
  ...own,
  memory_chain: { arm64: [split_leaf.prevent_memory_remove_notifier] },
  constants: {
    mapping_keeps_entries: true,
    flush_rounds_to_pages: true,
    pgprot: PGPROT.v7_2,
  },
});
