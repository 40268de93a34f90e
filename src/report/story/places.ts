import { objectText } from '../../interleave/object-names.ts';
import type { State, Tables } from '../../kernel/state.ts';
import { shortText } from './number.ts';

/** Fields of the kernel's objects as its source writes them. */

type Table = keyof Tables;

/** Fields that lie in a part of their struct, or that the kernel keeps elsewhere. */
const FIELDS: Readonly<Record<string, string>> = {
  'mem_section.subsection_map': 'usage->subsection_map',
  'memory_block.offline': 'dev.offline',
  'vars.totalram_pages': '_totalram_pages',
  'vars.nr_page_table_pages': 'NR_PAGETABLE',
  'vars.notifier_error': 'memory_notifier_err_inject',
  'page_array.pfns': '',
  'zone.span_seq': 'span_seqlock.seqcount',
  'zone.pcp_count': 'pageset->pcp.count',
  'zone.pcp_disabled': 'pageset->pcp.high',
};

/** Between an object and its field, where that is no pointer. */
const SIGNS: { readonly [T in Table]?: string } = { memblock_type: '.', page_array: '' };

/** Fields that are written in another way altogether. */
const EXPRESSIONS: Readonly<Record<string, (key: number) => string>> = {
  'pgdat.online': (nid) => `node_online(${nid})`,
  'pgdat.n_memory': (nid) => `node_state(${nid}, N_MEMORY)`,
  'pgdat.n_normal_memory': (nid) => `node_state(${nid}, N_NORMAL_MEMORY)`,
  'pgdat.registered': (nid) => `node_devices[${nid}]`,
  'memblock_type.in_slab': (type) => `memblock_${type === 0 ? 'memory' : 'reserved'}_in_slab`,
};

/** A field of an object: `memory32->state`, `max_pfn`. */
export function fieldText(
  state: State,
  { obj, key, field }: { readonly obj: string; readonly key: number; readonly field: string },
): string {
  const expression = EXPRESSIONS[`${obj}.${field}`];
  if (expression) return expression(key);
  const name = shortText(FIELDS[`${obj}.${field}`] ?? field);
  return obj === 'vars'
    ? name
    : `${objectText(state, obj, key)}${SIGNS[obj as Table] ?? '->'}${name}`.trimEnd();
}

/** How the kernel finds an object: `xa_load(&memory_blocks, 32)`. */
export function lookupText(state: State, table: string, key: number): string {
  return table === 'memory_block' ? `xa_load(&memory_blocks, ${key})` : objectText(state, table, key);
}

/** What an operation without words of its own reads or changes, by its part of the state. */
const PARTS: Readonly<Record<string, string>> = {
  pages: 'struct pages',
  firmware_map: 'map_entries',
  vmap_areas: 'vmap_area_root',
  'node links': 'the links of nodes in sysfs',
  pcp: 'pcp->lists',
  zonelists: 'node_zonelists',
  pgdat: 'node_data[]',
  zone: 'node_zones[]',
  mmu: 'page tables',
  mem_section: 'mem_section[]',
  memory_block: 'memory_blocks',
  memory_group: 'memory_groups',
  acpi_device: 'physical_node_list',
  dev_pagemap: 'pgmap_array',
  memtype_rbroot: 'memtype_rbroot',
  vmemmap_refs: 'page->_refcount',
};

export const partText = (obj: string): string => PARTS[obj] ?? obj;
