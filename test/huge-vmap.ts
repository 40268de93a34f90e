import { kernelProgram } from '../src/interleave/kernel-program.ts';
import type { Kernel } from '../src/kernel/kernel.ts';
import { VM } from '../src/kernel/state.ts';
import type { Steps } from '../src/steps/step.ts';
import { bootedForSteps, first } from './interleave.ts';
import { G, type MachineObject } from './kit.ts';

/** Physical memory without an owner. */
const DEVICE = 256 * G;

/**
 * A place in the vmalloc region whose page was unmapped and whose tables remain; then a block of `level` is mapped
 * there.
 */
export function replaced(release: string, machine: MachineObject, level: 'PMD' | 'PUD' = 'PMD') {
  const model = bootedForSteps(release, machine, { ptdump_debugfs: false });
  const { kernel } = model;
  const { layout, pgprot, PAGE_SIZE, PMD_SIZE } = kernel.c;
  const size = level === 'PMD' ? PMD_SIZE : G;
  const area = first(
    model,
    kernel.__get_vm_area_node(size, size, VM.IOREMAP, layout.VMALLOC_START, layout.VMALLOC_END),
  )!;
  first(model, kernel.ioremap_page_range(area, area + PAGE_SIZE, DEVICE, pgprot.PAGE_KERNEL));
  first(model, kernel.vunmap_page_range(area, area + PAGE_SIZE));
  first(model, kernel._vm_unmap_aliases(area, area + PAGE_SIZE, true));
  const program = kernelProgram(`a block over a table on ${release}`, model, {
    *mapper(k: Kernel): Steps<void> {
      yield* k.ioremap_page_range(area, area + size, DEVICE, pgprot.PAGE_KERNEL);
    },
  });
  return { program, model };
}
