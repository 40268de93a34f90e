import type { Int64 } from '../ir/read/values.ts';
import type { Config } from '../kernel/config.ts';
import { leaf_entry } from '../kernel/include/linux/pgtable.ts';
import type { Kernel, mhp_params, vmem_altmap } from '../kernel/kernel.ts';
import type { EntryPointer } from '../kernel/mmu.ts';
import type { Addresses } from './addresses.ts';
import type { SourceProgram } from './program.ts';
import type { SourceArgument } from './run.ts';
import { BadBundle } from './stop.ts';
import { intOf, wordOf, wordOfDescriptor } from './values.ts';

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
  isBefore(major: number, minor: number): boolean {
    const [a = 0, b = 0] = this.#program.bundle.version.split('.').map(Number);
    return a < major || (a === major && b < minor);
  }
  object = (object: object | null): SourceArgument => ({ object });
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
const VMALLOC = 'mm/vmalloc.c';
const FIND_BIT = 'lib/find_bit.c';

/** Files that are compiled only with an option. */
export const ONLY_WITH: Readonly<Record<string, string>> = { [HUGETLBPAGE]: 'HUGETLB_PAGE' };

const root = (to: Conversion, k: Kernel): Int64 => to.entry(k.c.swapper_pg_dir);

/** A function of the model for which the kernel's C may stand: its files, its arguments, its names in C, the newest first, if it has others. */
const source = <A extends readonly unknown[]>(
  files: readonly string[],
  convert: (to: Conversion, k: Kernel, ...args: A) => readonly SourceArgument[],
  c: readonly string[] = [],
): {
  readonly files: readonly string[];
  readonly convert: (to: Conversion, k: Kernel, ...args: A) => readonly SourceArgument[];
  readonly c: readonly string[];
} => ({
  files,
  convert,
  c,
});

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
  arch_add_memory: source([MMU], (to, _k, nid: number, start: number, size: number, params: mhp_params) => [
    to.number(nid),
    to.number(start),
    to.number(size),
    to.object(params),
  ]),
  arch_remove_memory: source([MMU], (to, _k, start: number, size: number, altmap: vmem_altmap | null) => [
    // until v5.14: the node, which it does not use
    ...(to.isBefore(5, 15) ? [to.number(0)] : []),
    to.number(start),
    to.number(size),
    to.object(altmap),
    // the dev_pagemap: no function of C that runs looks into it
    to.object(null),
  ]),
  // lib/ioremap.c until v5.12
  ioremap_page_range: source(
    [VMALLOC, MMU, HUGETLBPAGE],
    (to, _k, addr: number, end: number, phys: number, prot: number) => [
      to.number(addr),
      to.number(end),
      to.number(phys),
      to.pgprot(prot),
    ],
    // v6.9: ioremap_page_range() looks for the area first, and calls this
    ['vmap_page_range', 'ioremap_page_range'],
  ),
  vunmap_page_range: source(
    [VMALLOC],
    (to, _k, addr: number, end: number) => [to.number(addr), to.number(end)],
    ['__vunmap_range_noflush'],
  ),
} as const;

export type SourceFunctionName = keyof typeof FUNCTIONS;

/** The result of a C function that returns an int, as the model's functions return it. */
export const intResult = (value: Int64): number => intOf(value);
