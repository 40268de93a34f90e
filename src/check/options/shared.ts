import { boot } from '../../boot/boot.ts';
import { ImpossibleMachine } from '../../boot/impossible.ts';
import { LAYOUT_FAMILIES, type LayoutFamily, layout } from '../../geometry/layouts.ts';
import { shared_tables } from '../../geometry/shared-tables.ts';
import { PAGE_SIZES, VA_BITS } from '../../geometry/sizes.ts';
import { type LevelName, NoSuchGeometry, translation } from '../../geometry/translation.ts';
import { leaves } from '../../hardware/walk.ts';
import type { State } from '../../kernel/state.ts';
import type { Machine } from '../../machines/machine.ts';
import type { Release } from '../../releases/define.ts';
import { Runner } from '../../schedule/run.ts';
import type { Steps } from '../../steps/step.ts';

/**
 * What a removal does to the smallest table that vmalloc and the memmap have in common: there is none (`apart`), the kernel
 * cannot be built (`refused`), struct pages of boot memory lie in it and keep it (`neighbour`), or it is `freed` or `kept`.
 */
export type Fate = 'apart' | 'refused' | 'neighbour' | 'freed' | 'kept';

/** Shapes and layouts that kernels have had. */
export const configurations = PAGE_SIZES.arm64.flatMap((page_size) =>
  VA_BITS.arm64[page_size]!.flatMap((va_bits) =>
    LAYOUT_FAMILIES.map((family) => ({ page_size, va_bits, family })),
  ),
);

/** Table pages that came from the page allocator. */
const in_use = ({ table_pages: { allocated, freed } }: State, level: LevelName): number => {
  const count = (of: typeof allocated): number => of[level] ?? 0;
  return count(allocated) - count(freed);
};

/** The fate of the shared table in a configuration; null where no kernel could be built so. */
export function fate_of_shared_table(
  machine: Machine,
  release: Release,
  { page_size, va_bits, family }: { page_size: number; va_bits: number; family: LayoutFamily },
): Fate | null {
  const t = translation('arm64', page_size, va_bits);
  try {
    const regions = layout(t, family);
    const shared = shared_tables(t, regions).filter(
      ({ below, above }) => [below, above].includes('vmemmap') && [below, above].includes('vmalloc'),
    );
    const table = shared.at(-1);
    if (!table) return 'apart';
    const { kernel, state } = boot({ ...machine, page_size, va_bits }, release, { layout: regions });
    const run = (thread: Steps<unknown>): void => {
      const { ended } = new Runner(state).run(thread);
      if (ended !== 'returned') throw new Error(`${release.name}: ${ended} while struct pages come and go`);
    };
    if (!leaves(state.mmu!, table.start, table.end).next().done) return 'neighbour';
    const leaf = kernel.c.PAGE_SHIFT === 12 ? kernel.c.PMD_SIZE : kernel.c.PAGE_SIZE;
    const slice = Math.min(table.end, kernel.c.VMEMMAP_END) - leaf;
    run(kernel.arch_vmemmap_populate(slice, slice + leaf, 0, null));
    run(kernel.arch_vmemmap_free(slice, slice + leaf, null));
    return in_use(state, table.level) > 0 ? 'kept' : 'freed';
  } catch (error) {
    if (error instanceof ImpossibleMachine) return /share a/.test(error.message) ? 'refused' : null;
    if (error instanceof NoSuchGeometry) return null;
    throw error;
  }
}
