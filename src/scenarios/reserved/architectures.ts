/**
 * Which architectures can have ZONE_DEVICE: mm/Kconfig lets it depend on MEMORY_HOTPLUG, MEMORY_HOTREMOVE,
 * SPARSEMEM_VMEMMAP and, until v6.16, ARCH_HAS_PTE_DEVMAP, which each architecture's Kconfig enables. Read in 5.4.286,
 * 5.10.262, 6.1.192, 6.12.117 and 7.2.13.
 */

export const READ_IN = ['v5.4', 'v5.10', 'v6.1', 'v6.12', 'v7.2'] as const;

/** What is missing, the first in the order above; `yes` if nothing is, `absent` if the kernel does not have the architecture. */
export type Missing =
  | 'yes'
  | 'absent'
  | 'MEMORY_HOTPLUG'
  | 'MEMORY_HOTREMOVE'
  | 'SPARSEMEM_VMEMMAP'
  | 'ARCH_HAS_PTE_DEVMAP';

const always = (missing: Missing): readonly Missing[] => READ_IN.map(() => missing);

/** By architecture, one value for each of {@link READ_IN}. Those that never had memory hotplug are not all listed. */
export const zoneDevice: Readonly<Record<string, readonly Missing[]>> = {
  arm64: ['MEMORY_HOTREMOVE', 'yes', 'yes', 'yes', 'yes'],
  ia64: ['ARCH_HAS_PTE_DEVMAP', 'ARCH_HAS_PTE_DEVMAP', 'ARCH_HAS_PTE_DEVMAP', 'absent', 'absent'],
  loongarch: ['absent', 'absent', 'SPARSEMEM_VMEMMAP', 'yes', 'yes'],
  mips: always('MEMORY_HOTPLUG'),
  nios2: always('MEMORY_HOTPLUG'),
  parisc: always('MEMORY_HOTPLUG'),
  'powerpc (Book3S 64)': always('yes'),
  riscv: ['MEMORY_HOTPLUG', 'MEMORY_HOTPLUG', 'MEMORY_HOTPLUG', 'yes', 'yes'],
  s390: ['ARCH_HAS_PTE_DEVMAP', 'ARCH_HAS_PTE_DEVMAP', 'ARCH_HAS_PTE_DEVMAP', 'ARCH_HAS_PTE_DEVMAP', 'yes'],
  sh: ['SPARSEMEM_VMEMMAP', 'SPARSEMEM_VMEMMAP', 'SPARSEMEM_VMEMMAP', 'MEMORY_HOTPLUG', 'MEMORY_HOTPLUG'],
  sparc: always('MEMORY_HOTPLUG'),
  'x86 (64-bit)': always('yes'),
  xtensa: always('MEMORY_HOTPLUG'),
};

/** Users of PageReserved() that the RFC leaves alone because their architecture has no ZONE_DEVICE. */
export const archUsers: readonly (readonly [user: string, arch: string])[] = [
  ['arch/ia64/kernel/mca_drv.c', 'ia64'],
  ['arch/mips/mm/init.c', 'mips'],
  ['arch/mips/mm/ioremap.c', 'mips'],
  ['arch/nios2/mm/ioremap.c', 'nios2'],
  ['arch/parisc/mm/ioremap.c', 'parisc'],
  ['arch/sparc/mm/tlb.c', 'sparc'],
  ['arch/xtensa/mm/cache.c', 'xtensa'],
];
