import type { Int64 } from '../ir/read/values.ts';
import type { Config } from '../kernel/config.ts';
import { leaf_entry } from '../kernel/include/linux/pgtable.ts';
import type { Kernel, mhp_params, vmem_altmap } from '../kernel/kernel.ts';
import { vmem_altmap_offset } from '../kernel/mm/memory_hotplug/add_pages.ts';
import { MIGRATE } from '../kernel/mm/page.ts';
import type { EntryPointer } from '../kernel/mmu.ts';
import { W } from '../kernel/ops.ts';
import { PFN_DOWN, pfn_to_section_nr } from '../kernel/pfn.ts';
import {
  MMOP_ONLINE,
  MMOP_ONLINE_KERNEL,
  MMOP_ONLINE_MOVABLE,
  zone_idx,
  zone_key,
  zone_to_nid,
} from '../kernel/state.ts';
import type { Steps } from '../steps/step.ts';
import type { Addresses } from './addresses.ts';
import { migratetypeInC } from './boundary/externals/zones.ts';
import type { ParamsInC } from './boundary/objects.ts';
import { nodeOfPagemap, pagemapAt, pagemapOf } from './boundary/pagemaps.ts';
import { isBefore } from './bundle.ts';
import type { SourceProgram } from './program.ts';
import type { GivenArguments, SourceArgument } from './run.ts';
import { BadBundle } from './stop.ts';
import { intOf, numberOf, wordOf, wordOfDescriptor } from './values.ts';

/** Values of the model as words of C. */
export class Conversion {
  readonly #addresses: Addresses;
  readonly #program: SourceProgram;
  readonly #c: Config;

  constructor(c: Config, addresses: Addresses, program: SourceProgram) {
    this.#c = c;
    this.#addresses = addresses;
    this.#program = program;
  }

  number = (n: number): Int64 => wordOf(n);
  entry = (p: EntryPointer): Int64 => this.#addresses.ofEntry(p);
  /** With LPA2 the bits of the shareability are address bits, which no leaf of address 0 has. */
  pgprot = (attr: number): Int64 => wordOfDescriptor(leaf_entry(this.#c, 0, attr));
  isBefore = (major: number, minor: number): boolean => isBefore(this.#program.bundle, major, minor);
  object = (object: object | null): SourceArgument => ({ object });
  /** The struct mem_section of a page. */
  section = (pfn: number): Int64 => this.#addresses.ofSection(pfn_to_section_nr(this.#c, pfn));
  /** The struct zone of a zone's key. */
  zone = (key: number): Int64 => this.#addresses.ofZone(zone_to_nid(key), zone_idx(key));
  /** The key of the zone at a pointer that C returns. */
  zoneKey = (at: Int64): number => {
    const found = this.#addresses.zoneAt(at);
    if (!found) throw new BadBundle('the C returned a zone that the model does not have');
    return zone_key(found.nid, found.zone);
  };
  /** The struct memory_group of a group. */
  group = (key: number): Int64 => this.#addresses.ofGroup(key);
  enumerator = (name: string): Int64 => wordOf(this.#program.enumerator(name));
  /** A migrate type as the last arguments: since v6.16 MIGRATE_ISOLATE is a flag beside it. */
  migratetype = (fn: string, type: number): readonly Int64[] => {
    if (!this.takes(fn, 6)) return [wordOf(migratetypeInC(this.#program, type))];
    const isolates = type === MIGRATE.ISOLATE;
    return [
      wordOf(migratetypeInC(this.#program, isolates ? MIGRATE.MOVABLE : type)),
      wordOf(isolates ? 1 : 0),
    ];
  };
  takes = (fn: string, n: number): boolean => this.#program.arity(fn) === n;
  /** A function that takes the level of a table only, and allocates one. */
  allocator = (name: string): Int64 => {
    const { ir } = this.#program;
    // v7.0: __pgd_pgtable_alloc() takes more
    const names = name === '__pgd_pgtable_alloc' ? ['pgd_pgtable_alloc_init_mm', name] : [name];
    const found = names.find((one) => this.#program.has(one) && this.#program.arity(one) === 1);
    if (found === undefined) throw new BadBundle(`the bundle has no function ${name}()`);
    return ir.place(ir.linked.find(found)!).at;
  };
}

/** With whose options C of a user's own is compiled. */
export const MMU = 'arch/arm64/mm/mmu.c';
/** Since v6.4; before in mmu.c. */
const FIXMAP = 'arch/arm64/mm/fixmap.c';
/** Pages of ioremap() in contiguous groups, since v6.16. */
const HUGETLBPAGE = 'arch/arm64/mm/hugetlbpage.c';
const SPARSE_VMEMMAP = 'mm/sparse-vmemmap.c';
export const VMALLOC = 'mm/vmalloc.c';
/** Until v5.12; then in vmalloc.c. */
export const IOREMAP = 'mm/ioremap.c';
const PTDUMP = 'mm/ptdump.c';
const ARM64_PTDUMP = 'arch/arm64/mm/ptdump.c';
const PAGEWALK = 'mm/pagewalk.c';
const FIND_BIT = 'lib/find_bit.c';
const SPARSE = 'mm/sparse.c';
/** Maps of sub-sections that are longer than a word. */
const BITMAP = 'lib/bitmap.c';
const MAX_ERRNO = 4095;
const MEMREMAP = 'mm/memremap.c';
/** pfn_valid() until v5.15; then it is in a header. */
const INIT = 'arch/arm64/mm/init.c';
/** Zones, and ranges of pages down to their sections. */
export const MEMORY_HOTPLUG = 'mm/memory_hotplug.c';

/** Files that are compiled only with an option. */
export const ONLY_WITH: Readonly<Record<string, string>> = {
  [HUGETLBPAGE]: 'HUGETLB_PAGE',
  [MEMREMAP]: 'ZONE_DEVICE',
  [PTDUMP]: 'PTDUMP_DEBUGFS',
  [ARM64_PTDUMP]: 'PTDUMP_DEBUGFS',
};

/** Enumerators of the model's online types. */
const ONLINE_TYPES: Readonly<Record<number, string>> = {
  [MMOP_ONLINE]: 'MMOP_ONLINE',
  [MMOP_ONLINE_KERNEL]: 'MMOP_ONLINE_KERNEL',
  [MMOP_ONLINE_MOVABLE]: 'MMOP_ONLINE_MOVABLE',
};

const root = (to: Conversion, k: Kernel): Int64 => to.entry(k.c.swapper_pg_dir);

/** Files that later trees have, too, without the functions: the first release in which they are not needed. */
export const ONLY_BEFORE: Readonly<Record<string, readonly [number, number]>> = {
  [IOREMAP]: [5, 13],
  [INIT]: [5, 16],
};

/** What a function of the model returns, of the result of the C and the model's arguments. */
type Result<A extends readonly unknown[]> = (value: Int64, args: A, to: Conversion) => unknown;

/** A function of the model for which the kernel's C may stand. */
export interface SourceFunction<A extends readonly unknown[]> {
  readonly files: readonly string[];
  readonly convert: (to: Conversion, k: Kernel, ...args: A) => readonly SourceArgument[];
  /** Its names in C, the newest first, if it has others. */
  readonly c: readonly string[];
  /** An int, unless it says otherwise. */
  readonly result: Result<A>;
  /** For functions below it whose arguments the model's caller chooses, and the C's does not. */
  readonly given?: (to: Conversion, args: A) => GivenArguments;
  /** Further arguments, which the model looks up in its state. */
  readonly also?: (k: Kernel, args: A) => Steps<readonly SourceArgument[]>;
  /** What the model keeps and the C does not, once it has returned. */
  readonly after?: (k: Kernel, value: Int64, args: A) => Steps<void>;
}

export const source = <A extends readonly unknown[]>(
  files: readonly string[],
  convert: SourceFunction<A>['convert'],
  more: Partial<Pick<SourceFunction<NoInfer<A>>, 'c' | 'result' | 'given' | 'also' | 'after'>> = {},
): SourceFunction<A> => ({ files, convert, c: [], result: (value) => intOf(value), ...more });

/** A pointer to the dev_pagemap of memory that comes or goes, or NULL. */
export function* pagemapArgument(pagemap: Steps<object | null>): Steps<readonly SourceArgument[]> {
  return [{ object: yield* pagemap }];
}

/** A pointer to struct mhp_params. */
export function* paramsArgument(params: mhp_params): Steps<readonly SourceArgument[]> {
  const object: ParamsInC = { ...params, dev_pagemap: yield* pagemapOf(params.pgmap) };
  return [{ object }];
}

/** A pointer to the first range, or ERR_PTR(). */
function errorOf(value: Int64): number {
  const n = numberOf(value);
  return n < 0 && n >= -MAX_ERRNO ? n : 0;
}

/** Of both architectures: device memory. */
export const PAGEMAP_FUNCTIONS = {
  memremap_pages: source([MEMREMAP], (_to, _k, _pgmap: number) => [], {
    *also(_k, [pgmap]) {
      const nid = yield* nodeOfPagemap(pgmap);
      return [{ object: yield* pagemapOf(pgmap) }, wordOf(nid)];
    },
    result: errorOf,
  }),
  memunmap_pages: source([MEMREMAP], (_to, _k, _pgmap: number) => [], {
    also: (_k, [pgmap]) => pagemapArgument(pagemapOf(pgmap)),
  }),
} as const;

const isTrue = (value: Int64): boolean => (value.lo & 1) === 1;

/** By name: the functions of the model that the C of the same name can replace. */
export const FUNCTIONS = {
  __create_pgd_mapping: source(
    [MMU, FIXMAP],
    (
      to,
      _k,
      pgdir: EntryPointer,
      phys: number,
      virt: number,
      size: number,
      prot: number,
      alloc: string,
      flags: number,
    ) => [
      to.entry(pgdir),
      to.number(phys),
      to.number(virt),
      to.number(size),
      to.pgprot(prot),
      to.allocator(alloc),
      to.number(flags),
    ],
  ),
  __remove_pgd_mapping: source([MMU], (to, k, start: number, size: number) => [
    root(to, k),
    to.number(start),
    to.number(size),
  ]),
  vmemmap_populate: source(
    [MMU, SPARSE_VMEMMAP, FIND_BIT],
    (to, _k, start: number, end: number, nid: number, altmap: vmem_altmap | null) => [
      to.number(start),
      to.number(end),
      to.number(nid),
      to.object(altmap),
    ],
  ),
  vmemmap_free: source([MMU], (to, _k, start: number, end: number, altmap: vmem_altmap | null) => [
    to.number(start),
    to.number(end),
    to.object(altmap),
  ]),
  arch_add_memory: source(
    [MMU],
    (to, _k, nid: number, start: number, size: number, _params: mhp_params) => [
      to.number(nid),
      to.number(start),
      to.number(size),
    ],
    { also: (_k, [, , , params]) => paramsArgument(params) },
  ),
  arch_remove_memory: source(
    [MMU],
    (to, _k, start: number, size: number, altmap: vmem_altmap | null) => [
      // until v5.14: the node, which it does not use
      ...(to.isBefore(5, 15) ? [to.number(0)] : []),
      to.number(start),
      to.number(size),
      to.object(altmap),
    ],
    { also: (k, [start]) => pagemapArgument(pagemapAt(k, PFN_DOWN(k.c, start))) },
  ),
  ioremap_page_range: source(
    [VMALLOC, IOREMAP, MMU, HUGETLBPAGE],
    (to, _k, addr: number, end: number, phys: number, prot: number) => [
      to.number(addr),
      to.number(end),
      to.number(phys),
      to.pgprot(prot),
    ],
    // v6.9: ioremap_page_range() looks for the area first, and calls this
    { c: ['vmap_page_range', 'ioremap_page_range'] },
  ),
  vunmap_page_range: source(
    [VMALLOC],
    (to, _k, addr: number, end: number) => [
      to.number(addr),
      // until v5.12: the size
      to.number(to.isBefore(5, 13) ? end - addr : end),
    ],
    { c: ['__vunmap_range_noflush', 'unmap_kernel_range_noflush'] },
  ),
  vmap_page_range: source(
    [VMALLOC],
    (to, k, start: number, end: number, prot: number, pages: readonly number[]) => [
      to.number(start),
      // until v5.12: the size
      to.number(to.isBefore(5, 13) ? end - start : end),
      to.pgprot(prot),
      to.object(pages),
      // since v5.13: pages, no blocks; since v6.18: GFP_KERNEL, which no function of C that runs looks at
      to.number(k.c.PAGE_SHIFT),
      to.number(0),
    ],
    {
      c: ['vmap_pages_range_noflush', 'map_kernel_range_noflush'],
      // 0, or an error; the model counts
      result: (value, [, , , pages]) => intOf(value) || pages.length,
    },
  ),
  pmd_free_pte_page: source(
    [MMU],
    (to, _k, pmdp: EntryPointer, addr: number) => [to.entry(pmdp), to.number(addr)],
    { result: (value) => isTrue(value) },
  ),
  pud_free_pmd_page: source(
    [MMU],
    (to, _k, pudp: EntryPointer, addr: number) => [to.entry(pudp), to.number(addr)],
    { result: (value) => isTrue(value) },
  ),
  sparse_add_section: source(
    [SPARSE, SPARSE_VMEMMAP, BITMAP, FIND_BIT],
    (to, _k, nid: number, pfn: number, pages: number, altmap: vmem_altmap | null) => [
      to.number(nid),
      to.number(pfn),
      to.number(pages),
      to.object(altmap),
    ],
    {
      // since v5.17: the dev_pagemap, for compound pages of device-dax
      also: (k, [, pfn]) => pagemapArgument(pagemapAt(k, pfn)),
      // the flags of its struct pages have it
      *after({ c }, value, [nid, pfn]) {
        if (intOf(value) === 0) yield* W('mem_section', pfn_to_section_nr(c, pfn), 'nid', nid);
      },
    },
  ),
  sparse_remove_section: source(
    [SPARSE, SPARSE_VMEMMAP, BITMAP, FIND_BIT],
    (to, _k, pfn: number, pages: number, altmap: vmem_altmap | null) =>
      to.takes('sparse_remove_section', 5)
        ? [
            to.section(pfn),
            to.number(pfn),
            to.number(pages),
            // __remove_pages(): of the first section
            to.number(altmap?.base_pfn === pfn ? vmem_altmap_offset(altmap) : 0),
            to.object(altmap),
          ]
        : [to.number(pfn), to.number(pages), to.object(altmap)],
    // since v6.6: the dev_pagemap
    { also: (k, [pfn]) => pagemapArgument(pagemapAt(k, pfn)) },
  ),
  ...PAGEMAP_FUNCTIONS,
  pfn_valid: source([INIT, VMALLOC], (to, _k, pfn: number) => [to.number(pfn)], {
    result: (value) => intOf(value) !== 0,
  }),
  __add_pages: source(
    [MEMORY_HOTPLUG, SPARSE],
    (to, _k, nid: number, pfn: number, pages: number, _params: mhp_params) => [
      to.number(nid),
      to.number(pfn),
      to.number(pages),
    ],
    { also: (_k, [, , , params]) => paramsArgument(params) },
  ),
  __remove_pages: source(
    [MEMORY_HOTPLUG, SPARSE],
    // the zone was an argument until v5.4
    (to, _k, pfn: number, pages: number, altmap: vmem_altmap | null, _zone: number) => [
      to.number(pfn),
      to.number(pages),
      to.object(altmap),
    ],
    // since v6.3: the dev_pagemap, as of sparse_add_section()
    { also: (k, [pfn]) => pagemapArgument(pagemapAt(k, pfn)) },
  ),
  move_pfn_range_to_zone: source(
    [MEMORY_HOTPLUG],
    (to, _k, zone: number, start: number, pages: number, migratetype: number) => [
      to.zone(zone),
      to.number(start),
      to.number(pages),
      // its caller initialises the struct pages of an altmap
      to.object(null),
      ...to.migratetype('move_pfn_range_to_zone', migratetype),
    ],
  ),
  zone_for_pfn_range: source(
    [MEMORY_HOTPLUG],
    (to, _k, type: number, nid: number, group: number, pfn: number, pages: number) => [
      to.enumerator(ONLINE_TYPES[type]!),
      to.number(nid),
      // since v5.15
      ...(to.takes('zone_for_pfn_range', 5) ? [to.group(group)] : []),
      to.number(pfn),
      to.number(pages),
    ],
    { result: (value, _, to) => to.zoneKey(value) },
  ),
  remove_pfn_range_from_zone: source(
    [MEMORY_HOTPLUG],
    (to, _k, zone: number, start: number, pages: number) => [
      to.zone(zone),
      to.number(start),
      to.number(pages),
    ],
  ),
  // it walks the kernel's half of the address space; scenarios name a part of it
  ptdump_check_wx: source([ARM64_PTDUMP, PTDUMP, PAGEWALK], (_to, _k, _start: number, _end: number) => [], {
    result: (value) => isTrue(value),
    given: (to, [start, end]) => {
      const range = [undefined, to.number(start), to.number(end)];
      // v6.15: walk_page_range_debug()
      return { walk_page_range_novma: range, walk_page_range_debug: range };
    },
  }),
} as const;
