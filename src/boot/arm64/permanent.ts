import { regionOf } from '../../geometry/layout.ts';
import { NO_BLOCK_MAPPINGS, NO_CONT_MAPPINGS } from '../../kernel/arch/arm64/mm/mmu/create_pgd_mapping.ts';
import type { Config } from '../../kernel/config.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import type { Steps } from '../../steps/step.ts';

/** A mapping that a running arm64 kernel never removes, and its address. */
export interface PermanentMapping {
  readonly name: 'kernel image' | 'fixmap' | 'PCI I/O';
  readonly va: number;
}

/**
 * TEXT_OFFSET, until v5.7; without KASLR the image lies this far behind KIMAGE_VADDR, where vmalloc's region begins.
 */
const TEXT_OFFSET = 2 ** 19;

/** The address of FIX_FDT is a multiple of this. */
const FDT_ALIGN = 2 ** 21;

/**
 * One page of each: the kernel image, the device tree in the fixmap (mapped permanently by setup_machine_fdt()), and
 * the I/O space of a PCI host bridge. A machine without such a bridge lacks the last.
 */
export function permanentMappings(c: Config): PermanentMapping[] {
  const fixmap = regionOf(c.layout, 'fixmap');
  const pciIo = regionOf(c.layout, 'pci_io');
  const found: PermanentMapping[] = [{ name: 'kernel image', va: c.layout.VMALLOC_START + TEXT_OFFSET }];
  if (fixmap) {
    const fdt = Math.floor((fixmap.end - c.PAGE_SIZE) / FDT_ALIGN) * FDT_ALIGN;
    found.push({ name: 'fixmap', va: Math.max(fixmap.start, fdt) });
  }
  if (pciIo) found.push({ name: 'PCI I/O', va: pciIo.start });
  return found;
}

/** Maps them. Their output address does not matter: all map the page of the root. */
export function* mapPermanent(k: Kernel): Steps<number> {
  const flags = NO_BLOCK_MAPPINGS | NO_CONT_MAPPINGS;
  const { swapper_pg_dir, PAGE_SIZE, pgprot } = k.c;
  for (const { va } of permanentMappings(k.c)) {
    const ret = yield* k.__create_pgd_mapping(
      swapper_pg_dir,
      swapper_pg_dir,
      va,
      PAGE_SIZE,
      pgprot.PAGE_KERNEL,
      'early_pgtable_alloc',
      flags,
    );
    if (ret) return ret;
  }
  return 0;
}
