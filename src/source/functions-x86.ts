import type { Kernel, mhp_params, vmem_altmap } from '../kernel/kernel.ts';
import { PFN_DOWN } from '../kernel/pfn.ts';
import { pagemapAt } from './boundary/pagemaps.ts';
import {
  FUNCTIONS,
  IOREMAP,
  PAGEMAP_FUNCTIONS,
  pagemapArgument,
  paramsArgument,
  source,
  VMALLOC,
} from './functions.ts';
import { numberOf } from './values.ts';

export const INIT_64 = 'arch/x86/mm/init_64.c';
/** init_memory_mapping(), split_mem_range() and alloc_low_pages(). */
const INIT = 'arch/x86/mm/init.c';
const SPARSE_VMEMMAP = 'mm/sparse-vmemmap.c';
/** Huge vmaps. */
const PGTABLE = 'arch/x86/mm/pgtable.c';
const FIND_BIT = 'lib/find_bit.c';

/** By name: the functions of the model that the C of the same name can replace, on x86-64. */
export const X86_FUNCTIONS = {
  init_memory_mapping: source(
    [INIT, INIT_64],
    (to, _k: Kernel, start: number, end: number, prot: number) => [
      to.number(start),
      to.number(end),
      // since v5.7
      ...(to.isBefore(5, 7) ? [] : [to.pgprot(prot)]),
    ],
    { result: numberOf },
  ),
  kernel_physical_mapping_init: source(
    [INIT_64, INIT],
    (to, _k, start: number, end: number, mask: number, prot: number) => [
      to.number(start),
      to.number(end),
      to.number(mask),
      to.pgprot(prot),
    ],
    { result: numberOf },
  ),
  kernel_physical_mapping_remove: source([INIT_64], (to, _k, start: number, end: number) => [
    to.number(start),
    to.number(end),
  ]),
  vmemmap_populate: source(
    [INIT_64, SPARSE_VMEMMAP, FIND_BIT],
    (to, _k, start: number, end: number, nid: number, altmap: vmem_altmap | null) => [
      to.number(start),
      to.number(end),
      to.number(nid),
      to.object(altmap),
    ],
  ),
  vmemmap_free: source([INIT_64], (to, _k, start: number, end: number, altmap: vmem_altmap | null) => [
    to.number(start),
    to.number(end),
    to.object(altmap),
  ]),
  arch_add_memory: source(
    [INIT_64, INIT],
    (to, _k, nid: number, start: number, size: number, _params: mhp_params) => [
      to.number(nid),
      to.number(start),
      to.number(size),
    ],
    { also: (_k, [, , , params]) => paramsArgument(params) },
  ),
  __add_pages: FUNCTIONS.__add_pages,
  __remove_pages: FUNCTIONS.__remove_pages,
  move_pfn_range_to_zone: FUNCTIONS.move_pfn_range_to_zone,
  zone_for_pfn_range: FUNCTIONS.zone_for_pfn_range,
  remove_pfn_range_from_zone: FUNCTIONS.remove_pfn_range_from_zone,
  arch_remove_memory: source(
    [INIT_64],
    (to, _k, start: number, size: number, altmap: vmem_altmap | null) => [
      // until v5.14: the node, which it does not use
      ...(to.isBefore(5, 15) ? [to.number(0)] : []),
      to.number(start),
      to.number(size),
      to.object(altmap),
    ],
    { also: (k, [start]) => pagemapArgument(pagemapAt(k, PFN_DOWN(k.c, start))) },
  ),
  ioremap_page_range: { ...FUNCTIONS.ioremap_page_range, files: [VMALLOC, IOREMAP, PGTABLE] },
  vunmap_page_range: { ...FUNCTIONS.vunmap_page_range, files: [VMALLOC, PGTABLE] },
  vmap_page_range: { ...FUNCTIONS.vmap_page_range, files: [VMALLOC] },
  pmd_free_pte_page: { ...FUNCTIONS.pmd_free_pte_page, files: [PGTABLE] },
  ...PAGEMAP_FUNCTIONS,
  pud_free_pmd_page: { ...FUNCTIONS.pud_free_pmd_page, files: [PGTABLE] },
} as const;
