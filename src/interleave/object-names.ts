import type { State, Tables } from '../kernel/state.ts';
import { zoneText } from './lock-names.ts';

/** Objects of the kernel as its source writes them. */

type Table = keyof Tables;

const range = (object: { readonly start: number } | undefined, key: number): string =>
  object ? `0x${object.start.toString(16)}` : `${key}`;

const OBJECTS: { readonly [T in Table]?: (state: State, key: number) => string } = {
  pgdat: (_, nid) => `NODE_DATA(${nid})`,
  zone: zoneText,
  mem_section: (_, nr) => `__nr_to_section(${nr})`,
  mem_section_root: (_, root) => `mem_section[${root}]`,
  memory_block: (_, id) => `memory${id}`,
  memory_group: (_, mgid) => `memory_groups[${mgid}]`,
  memblock_type: (_, type) => `memblock.${type === 0 ? 'memory' : 'reserved'}`,
  acpi_device: (state, key) => state.acpi_device.get(key)?.name ?? `PNP0C80[${key}]`,
  dev_pagemap: (state, key) => `pgmap ${range(state.dev_pagemap.get(key), key)}`,
  nd_region: (_, nr) => `region${nr}`,
  dev_dax: (state, key) => state.dev_dax.get(key)?.name ?? `dax[${key}]`,
  hmem: (_, id) => `hmem.${id}`,
  cxl_region: (_, id) => `region${id}`,
  virtio_mem: (_, id) => `virtio${id}`,
  compact_control: () => 'cc',
  page_array: (_, name) => `pages[${name}]`,
  user_pte: (_, nr) => `pte of user page ${nr}`,
  user_page: (_, pfn) => `pfn_to_page(0x${pfn.toString(16)})`,
  page_ext: (_, nr) => `__nr_to_section(${nr})->page_ext`,
};

/** An object of a table: `memory32`, `NODE_DATA(0)`. */
export function objectText(state: State, table: string, key: number): string {
  const known = OBJECTS[table as Table];
  return known ? known(state, key) : `${table}[${key}]`;
}

/** Names the objects of a state. */
export const namedIn =
  (state: State) =>
  (table: string, key: number): string =>
    objectText(state, table, key);
