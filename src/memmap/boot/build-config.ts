import { ImpossibleMachine } from '../../errors/impossible-machine.ts';
import { memmapGeometry } from '../../geometry/memmap.ts';
import { is_classic, is_sparse, type MemConfig } from '../kernel/config.ts';
import type { MemRelease } from '../releases/mem-releases.ts';
import type { MemMachine } from './mem-machine.ts';

/** The configuration of this release for such a machine. @throws ImpossibleMachine if it cannot be built */
export function configureMemmodel(machine: MemMachine, release: MemRelease): MemConfig {
  const { arch, page_size, memory_model } = machine;
  const g = memmapGeometry(arch, page_size, release.arm64_small_sections);
  if (g === null) throw new ImpossibleMachine(`${arch} has no pages of ${page_size} bytes`);
  const PAGE_SHIFT = Math.log2(page_size);
  const sectionBits = machine.section_size_bits ?? g.section_size_bits;
  const physmemBits = machine.max_physmem_bits ?? g.max_physmem_bits;
  const MAX_ORDER = machine.max_order ?? g.max_order;
  const no = (why: string): never => {
    throw new ImpossibleMachine(`${release.name} on ${arch} with ${memory_model} does not build: ${why}`);
  };
  if (arch === 'i386' && memory_model === 'SPARSEMEM_VMEMMAP')
    no('it does not select SPARSEMEM_VMEMMAP_ENABLE');
  if (is_classic(memory_model) && release.vmemmap_only.includes(arch)) no('SPARSEMEM_VMEMMAP is no option');
  if (is_sparse(memory_model)) {
    if (sectionBits > physmemBits)
      no(`SECTION_SIZE_BITS ${sectionBits} is past MAX_PHYSMEM_BITS ${physmemBits}`);
    if (MAX_ORDER - 1 + PAGE_SHIFT > sectionBits)
      no(`Allocator MAX_ORDER exceeds SECTION_SIZE (${MAX_ORDER - 1} + ${PAGE_SHIFT} > ${sectionBits})`);
    if ('section_activate' in release.functions && g.subsection_bits > sectionBits)
      no(`Subsection size exceeds section size (${g.subsection_bits} > ${sectionBits})`);
  }
  if (is_sparse(memory_model) && sectionBits > 36) no(`SECTION_SIZE_BITS ${sectionBits} is past 36`);
  if (physmemBits > 52) no(`MAX_PHYSMEM_BITS ${physmemBits} is past 52`);
  const perRoot = machine.sections_per_root ?? g.sections_per_root;
  if (!Number.isInteger(Math.log2(perRoot))) no(`SECTIONS_PER_ROOT ${perRoot} is not a power of two`);
  const start = Math.min(...machine.ram.map((r) => r.start)) / page_size;
  const end = Math.max(...machine.ram.map((r) => r.start + r.size)) / page_size;
  const offset = arch === 'arm64' && memory_model === 'FLATMEM' ? start : 0;
  const sections = 2 ** Math.max(0, physmemBits - sectionBits);
  return {
    arch,
    memory_model,
    PAGE_SHIFT,
    PAGE_SIZE: page_size,
    MAX_PHYSMEM_BITS: physmemBits,
    PAGES_PER_SECTION: 2 ** sectionBits / page_size,
    NR_MEM_SECTIONS: sections,
    SECTIONS_PER_ROOT: memory_model === 'SPARSEMEM_STATIC' ? sections : perRoot,
    PAGES_PER_SUBSECTION: 2 ** Math.min(g.subsection_bits, sectionBits) / page_size,
    MAX_ORDER,
    MAX_ORDER_NR_PAGES: 2 ** (MAX_ORDER - 1),
    ARCH_PFN_OFFSET: offset,
    max_mapnr: end - offset,
    huge_page_sizes: g.huge_page_sizes,
    window: memory_model === 'SPARSEMEM_VMEMMAP' ? g.vmemmap : g.linear_map,
    linear_map: g.linear_map,
    DEBUG_VM: machine.debug_vm ?? true,
    run_limit: machine.run_limit ?? Number.POSITIVE_INFINITY,
  };
}
