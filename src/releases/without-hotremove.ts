import type { KernelFunctions } from '../kernel/kernel.ts';
import * as node_states from '../kernel/mm/memory_hotplug/node_states.ts';
import * as offline_pages from '../kernel/mm/memory_hotplug/offline_pages.ts';
import * as remove_memory from '../kernel/mm/memory_hotplug/remove_memory.ts';
import * as page_isolation from '../kernel/mm/page_isolation.ts';

/** What a kernel without CONFIG_MEMORY_HOTREMOVE has in place of the functions that need it. */
export const WITHOUT_HOTREMOVE: Partial<KernelFunctions> = {
  ...node_states.without_hotremove,
  ...offline_pages.without_hotremove,
  ...page_isolation.without_hotremove,
  ...remove_memory.without_hotremove,
};

/** Functions that such a kernel lacks: they have no stub. */
export const NEEDS_HOTREMOVE = ['offline_and_remove_memory', 'virtio_mem_probe'] as const;
