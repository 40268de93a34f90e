/** Fields that are only written while mem_hotplug_lock is held for writing. */
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
