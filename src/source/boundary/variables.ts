import type { Int64 } from '../../ir/read/values.ts';
import { set_slot } from '../../kernel/arch/arm64/include/asm/fixmap.ts';
import { _PAGE_GLOBAL } from '../../kernel/arch/x86/include/asm/pgtable_types.ts';
import { has_warned, set_warned } from '../../kernel/include/asm-generic/bug.ts';
import { table_page } from '../../kernel/include/linux/pgtable.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import { change, look, operation, R, W } from '../../kernel/ops.ts';
import { phys_to_virt, vmemmap_of } from '../../kernel/pfn.ts';
import type { State } from '../../kernel/state.ts';
import type { Steps } from '../../steps/step.ts';
import { plainName } from '../program.ts';
import { descriptorOf, numberOf, wordOf, ZERO } from '../values.ts';
import { hasPti } from './capabilities-x86.ts';
import { MMAP_LOCK } from './locks.ts';
import type { Site, Standing } from './site.ts';

/** A variable of the kernel's image that is no constant: what reading and writing it does. Each may be absent. */
export interface Variable {
  readonly is: Standing;
  read?(site: Site, offset: number, size: number, at: Int64): Steps<Int64>;
  write?(site: Site, offset: number, size: number, value: Int64): Steps<void>;
}

/** The value that boot has given and nothing changes. */
const fixed = (value: (k: Kernel, site: Site) => Int64): Variable => ({
  is: 'modelled',
  *read(site, offset) {
    if (offset !== 0) site.stop(`byte ${offset} of a variable`);
    return value(site.k, site);
  },
});

/** A variable that matters only to messages that are not printed. */
const unused = (): Variable => ({
  is: 'inert',
  *read() {
    return ZERO;
  },
  *write() {},
});

/** The model's own process goes: nobody writes to its root. */
const noProcesses = operation({
  name: 'no_processes',
  obj: 'pgd_list',
  writes: true,
  tell: () => ({ kind: 'books' }),
  run: (state: State): void => {
    state.pgd_list = [];
  },
});

/** A flag of a message that is printed once; the model remembers it under the name of the function. */
const once = (where: string): Variable => ({
  is: 'modelled',
  *read() {
    return wordOf((yield* look(has_warned, where)) ? 1 : 0);
  },
  *write() {
    yield* change(set_warned, where);
  },
});

/** The count of writers of mmap_lock, which readers of areas of user space look at (since v6.13); the kernel has none. */
function isLockCount({ program }: Site, offset: number): boolean {
  const place = program.memberIfAny('mm_struct', 'mm_lock_seq');
  return place !== undefined && offset >= place.offset && offset < place.offset + place.size;
}

/**
 * The levels of ptdump, as they are initialised; the masks are then set at boot (ptdump_initialize()) to the bits of all
 * attributes that it tells apart.
 */
const levels = (struct: string): Variable => ({
  is: 'modelled',
  *read({ program }, offset, size, at) {
    const known = program.struct(struct);
    const member = program.member(struct, 'mask');
    if (offset % known.size !== member.offset) return program.constant(at, size);
    const base = { lo: at.lo - member.offset, hi: at.hi };
    const of = (path: string): Int64 => {
      const place = program.member(struct, path);
      return program.constant({ lo: base.lo + place.offset, hi: base.hi }, place.size);
    };
    const bits = of('bits');
    let mask = ZERO;
    for (let i = 0; i < of('num').lo; i++) {
      // struct prot_bits, since v6.6 ptdump_prot_bits
      const { size: each } = program.struct('ptdump_prot_bits', 'prot_bits');
      const place = program.memberIfAny('ptdump_prot_bits', 'mask') ?? program.member('prot_bits', 'mask');
      const { lo, hi } = program.constant({ lo: bits.lo + i * each + place.offset, hi: bits.hi }, place.size);
      mask = { lo: mask.lo | lo, hi: mask.hi | hi };
    }
    return mask;
  },
});

export const VARIABLES: Readonly<Record<string, Variable>> = {
  memstart_addr: fixed((k) => wordOf(k.c.mappable_range.start)),
  kimage_voffset: fixed((k, { program }) => wordOf(numberOf(program.root) - k.c.swapper_pg_dir)),
  // KPTI would make the kernel's own mappings nG
  arm64_use_ng_mappings: fixed(() => ZERO),
  // as it is initialised: no nohugeiomap
  ioremap_max_page_shift: fixed(() => wordOf(63)),
  // until v5.12: set at boot, from what the architecture supports
  ioremap_p4d_capable: fixed(() => ZERO),
  ioremap_pud_capable: fixed((k) => wordOf(k.arch_ioremap_pud_supported().next().value === true ? 1 : 0)),
  ioremap_pmd_capable: fixed((k) => wordOf(k.arch_ioremap_pmd_supported().next().value === true ? 1 : 0)),
  init_mm: {
    is: 'modelled',
    *read(site, offset) {
      const { program } = site;
      if (isLockCount(site, offset)) return ZERO;
      // rwsem_assert_held_write(): RWSEM_WRITER_LOCKED
      if (
        offset === program.memberIfAny('mm_struct', 'mmap_lock.count')?.offset &&
        site.written.has(MMAP_LOCK)
      )
        return wordOf(1);
      if (offset !== program.member('mm_struct', 'pgd').offset) site.stop(`byte ${offset} of init_mm`);
      return program.root;
    },
    *write(site, offset) {
      if (!isLockCount(site, offset)) site.stop(`byte ${offset} of init_mm`);
    },
  },
  // those of the configuration: HAS_VA52 where it asks for 52
  vabits_actual: fixed((k) => wordOf(k.c.t.va_bits)),
  system_state: fixed((_, { program }) => wordOf(program.enumerator('SYSTEM_RUNNING'))),
  rodata_full: fixed((k) => wordOf(k.c.rodata_full ? 1 : 0)),
  rodata_is_rw: fixed((k) => wordOf(k.c.rodata_is_rw ? 1 : 0)),
  max_pfn: {
    is: 'modelled',
    *read() {
      return wordOf(yield* R('vars', 0, 'max_pfn'));
    },
    *write(_, _offset, _size, value) {
      yield* W('vars', 0, 'max_pfn', numberOf(value));
    },
  },
  // the same as max_pfn on arm64, and after it on x86-64; nothing that is modelled reads them
  max_low_pfn: { is: 'inert', *write() {} },
  high_memory: { is: 'inert', *write() {} },

  // x86-64: where kernel_randomize_memory() has placed the regions
  page_offset_base: fixed((k) => wordOf(phys_to_virt(k.c, 0))),
  vmemmap_base: fixed((k) => wordOf(vmemmap_of(k.c, 0))),
  // only addresses of the image need it, and no table lies there but the root
  phys_base: fixed(() => ZERO),
  // four levels
  pgdir_shift: fixed(() => wordOf(39)),
  ptrs_per_p4d: fixed(() => wordOf(1)),
  after_bootmem: fixed(() => wordOf(1)),
  page_size_mask: fixed((k) => wordOf(k.c.page_size_mask)),
  // boot_cpu_has(): of the processor's features one is asked for without an alternative
  boot_cpu_data: {
    is: 'modelled',
    *read(site, offset, size) {
      const { program, chain, k } = site;
      const gbpages = program.bundle.capabilities.GBPAGES!;
      if (!chain.some((fn) => fn.endsWith('_pud_supported')) || size !== 8)
        return site.stop(`byte ${offset} of boot_cpu_data`);
      const has = k.arch_ioremap_pud_supported().next().value === true ? 1 << (gbpages & 31) : 0;
      return gbpages & 32 ? { lo: 0, hi: has } : { lo: has, hi: 0 };
    },
  },
  // bits that the processor has; page table isolation takes the global bit from the default
  __supported_pte_mask: fixed(() => ({ lo: -1, hi: -1 })),
  __default_kernel_pte_mask: fixed((k) => ({
    lo: hasPti(k.c) ? ~_PAGE_GLOBAL : -1,
    hi: -1,
  })),
  // the last physical address that the linear map may map; until v6.12 physmem_end
  direct_map_physmem_end: fixed((k) => wordOf(2 ** k.c.MAX_PHYSMEM_BITS - 1)),
  physmem_end: fixed((k) => wordOf(2 ** k.c.MAX_PHYSMEM_BITS - 1)),
  // no process has a root of its own: the list is empty
  pgd_list: {
    is: 'modelled',
    *read(_, offset, _size, at) {
      yield* change(noProcesses);
      return { lo: at.lo - offset, hi: at.hi };
    },
  },
  // what a debug message tells of blocks of the memmap that adjoin
  addr_start: unused(),
  addr_end: unused(),
  p_start: unused(),
  p_end: unused(),
  node_start: unused(),
  bm_pte: {
    is: 'modelled',
    *write(site, offset, _size, value) {
      const { k } = site;
      const slot = site.addresses.slotOfEntry(offset / 8);
      const entry = descriptorOf(value);
      const phys = value.lo === 0 && value.hi === 0 ? 0 : table_page(k.c, entry);
      if (slot === undefined) return site.stop(`slot ${offset / 8} of the fixmap`);
      // set_swapper_pgd() writes to the root at its place
      if (slot !== 'root') yield* change(set_slot, slot, phys);
      else if (phys !== 0 && phys !== k.c.swapper_pg_dir)
        site.stop('FIX_PGD for a table that is not the root');
    },
  },
  // which slab a size is from: no modelled allocator asks
  kmalloc_caches: {
    is: 'inert',
    *read() {
      return ZERO;
    },
  },
  mem_section: fixed((_, { addresses }) => addresses.sectionRoots),
  // how far walks of all sections go, of which none runs
  __highest_present_section_nr: {
    is: 'inert',
    *read() {
      return ZERO;
    },
    *write() {},
  },
  pg_level: levels('pg_level'),
  kernel_pg_levels: levels('ptdump_pg_level'),
  // since v5.15
  online_policy: {
    is: 'modelled',
    *read() {
      return wordOf(yield* R('vars', 0, 'online_policy'));
    },
  },
  movable_node_enabled: fixed((k) => wordOf(k.c.movable_node ? 1 : 0)),
  // no realm of Arm CCA shares memory
  prot_ns_shared: fixed(() => ZERO),
  // WARN_ONCE(), until v5.15 with another name; the second of a function has a number
  'pagemap_range.__warned': once('pagemap_range altmap'),
  'pagemap_range.__already_done': once('pagemap_range altmap'),
  'pagemap_range.__warned.N': once('pagemap_range'),
  'pagemap_range.__already_done.N': once('pagemap_range'),
  'memremap_pages.__warned': once('memremap_pages'),
  'memremap_pages.__already_done': once('memremap_pages'),
  'memremap_pages.__already_done.N': once('memremap_pages order'),
  'memunmap_pages.__warned': once('memunmap_pages'),
  'memunmap_pages.__already_done': once('memunmap_pages'),
  'vmemmap_alloc_block.warned': once('vmemmap_alloc_block'),
  // until v5.14
  '__add_pages.__print_once': once('__add_pages'),
  '__add_pages.__already_done': once('__add_pages'),
  'vmemmap_verify.__already_done': once('vmemmap_verify'),
};

/** The row of a variable: without the number that the linker adds, of a static one that is not the first without its own. */
export function variableOf(name: string): Variable | undefined {
  const plain = plainName(name);
  return VARIABLES[plain] ?? VARIABLES[plain.replace(/\.\d+$/, '.N')];
}
