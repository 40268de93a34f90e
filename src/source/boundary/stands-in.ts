/**
 * Functions that are externals here, although the compiled files have them: they keep what the model keeps in another way
 * (page types and counts of table pages, references, completions, locks), allocate, or walk many struct pages.
 */
export const STANDS_IN: ReadonlySet<string> = new Set([
  '__pagetable_ctor',
  'pagetable_dtor',
  'ptdesc_pmd_pts_init',
  'sparse_buffer_alloc',
  // empty without CONFIG_DEBUG_VM; the model forgets what the struct pages were
  'page_init_poison',
  // slab
  'kzalloc',
  'kzalloc_noprof',
  '_kzalloc_noprof',
  'kzalloc_node',
  'mem_alloc_profiling_enabled',
  // a reference that only a pointer of the model would have
  'put_dev_pagemap',
  // mm/memory_hotplug.c: a read-write semaphore for each CPU
  'get_online_mems',
  'mem_hotplug_begin',
  'mem_hotplug_done',
  'put_online_mems',
  'rcu_read_lock_sched',
  'rcu_read_unlock_sched',
  'clear_hwpoisoned_pages',
  // mm/memremap.c: references of a pagemap, and of its struct pages
  'percpu_ref_tryget_live',
  'percpu_ref_tryget_live_rcu',
  'percpu_ref_get_many',
  'percpu_ref_put_many',
  'percpu_ref_put',
  'percpu_ref_kill',
  'init_completion',
  '__init_completion',
  'put_page',
  // inline without CONFIG_PREEMPT_RCU
  '__rcu_read_lock',
  '__rcu_read_unlock',
  'pgtable_pmd_page_dtor',
  'pagetable_pmd_dtor',
  'pagetable_free',
  // inline in 5.10 for x86-64
  '__raw_spin_unlock',
  // arch/x86/mm: entries of the root for processes; ranges that are mapped, which only boot looks at; the marks of the
  // unused parts of a block of the memmap
  'arch_sync_kernel_mappings',
  'sync_global_pgds',
  'add_pfn_range_mapped',
  'vmemmap_pmd_is_unused',
  'vmemmap_use_sub_pmd',
  'vmemmap_use_new_sub_pmd',
]);
