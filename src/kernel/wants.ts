/**
 * Locks and references that every caller of a function holds in the kernel, as far as its source says so or its callers
 * show it. A function that is also called while the kernel boots, or by code that is not modelled, is not here.
 */

interface Wants {
  readonly holds: readonly string[];
  /** The first release of which this is true; of all if it is not said. */
  readonly from?: string;
}

const all = (holds: readonly string[], ...names: readonly string[]): Record<string, Wants> =>
  Object.fromEntries(names.map((name) => [name, { holds }]));

export const wants: Readonly<Record<string, Wants>> = {
  // fs/kernfs/file.c: kernfs_fop_read_iter(), kernfs_fop_write_iter()
  ...all(
    ['kn->active'],
    'state_store',
    'state_show',
    'removable_show',
    'valid_zones_show',
    'phys_index_show',
  ),
  // mm/memory_hotplug.c: their comments ask for it, or all their callers take it
  ...all(
    ['device_hotplug_lock'],
    '__add_memory',
    'add_memory_resource',
    'try_remove_memory',
    'try_offline_node',
  ),
  // drivers/base/core.c and memory.c: called under device_hotplug_lock
  ...all(
    ['device_hotplug_lock'],
    'device_online',
    'device_offline',
    'create_memory_block_devices',
    'remove_memory_block_devices',
  ),
  // drivers/base/memory.c: device_online() and device_offline() hold the device's lock
  ...all(
    ['device_hotplug_lock', 'device_lock'],
    'memory_subsys_online',
    'memory_subsys_offline',
    'memory_block_change_state',
    'memory_block_online',
    'memory_block_offline',
  ),
  // memory_block_online() and memory_block_offline() take it, in 6.1.192 and later
  online_pages: { holds: ['mem_hotplug_lock'], from: 'v6.1' },
  offline_pages: { holds: ['mem_hotplug_lock'], from: 'v6.1' },
  // between mem_hotplug_begin() and mem_hotplug_done() of add_memory_resource(), try_remove_memory(), memremap_pages()
  ...all(
    ['mem_hotplug_lock'],
    'arch_add_memory',
    'arch_remove_memory',
    'add_pages',
    '__add_pages',
    '__remove_pages',
    '__remove_section',
    'sparse_add_section',
    'sparse_remove_section',
    'section_activate',
    'section_deactivate',
    'depopulate_section_memmap',
    'vmemmap_free',
    '__remove_pgd_mapping',
    'unmap_hotplug_range',
    'free_empty_tables',
    'move_pfn_range_to_zone',
    'remove_pfn_range_from_zone',
    'resize_zone_range',
    'resize_pgdat_range',
    '__remove_zone',
    'shrink_zone_span',
    'shrink_pgdat_span',
  ),
  ...all(
    ['acpi_scan_lock'],
    'acpi_bus_scan',
    'acpi_bus_attach',
    'acpi_scan_attach_handler',
    'acpi_memory_device_add',
    'acpi_memory_device_remove',
  ),
  ...all(['vmap_area_lock'], '__free_vmap_area'),
  ...all(['vmap_purge_lock'], '__purge_vmap_area_lazy'),
};

/** What the callers of a function hold in a release, which is one of `order`, the oldest first, or is based on one. */
export function wanted_by(fn: string, release: string, order: readonly string[]): readonly string[] {
  const known = Object.hasOwn(wants, fn) ? wants[fn]! : { holds: [] };
  return known.from === undefined || order.indexOf(release) >= order.indexOf(known.from) ? known.holds : [];
}
