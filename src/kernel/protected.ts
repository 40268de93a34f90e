/** Fields that are written with mem_hotplug_lock held for writing, and not otherwise. */
export const PROTECTED = {
  zone: {
    zone_start_pfn: 'mem_hotplug_lock',
    spanned_pages: 'mem_hotplug_lock',
    present_pages: 'mem_hotplug_lock',
  },
  pgdat: {
    node_start_pfn: 'mem_hotplug_lock',
    node_spanned_pages: 'mem_hotplug_lock',
    node_present_pages: 'mem_hotplug_lock',
  },
} as const;
