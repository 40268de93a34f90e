import { regionOf } from '../../geometry/layout.ts';
import { entrySize, vaText } from '../../geometry/translation.ts';
import { ENTRIES, kernel_entries } from '../../kernel/arch/x86/mm/init_64/sync_global_pgds.ts';
import type { Config } from '../../kernel/config.ts';
import type { State } from '../../kernel/state.ts';
import type { Failure } from '../../steps/failure.ts';
import { broken } from './broken.ts';

/**
 * x86-64: each process has the entries of the kernel's root for the linear map and the memmap. What a process lacks it
 * oopses on. Entries for vmalloc are made at boot (v5.9), or by the page fault before.
 */
export function checkRoots(state: State, c: Config): Failure[] {
  if (!state.mmu || !state.pgd_list?.length) return [];
  const found: Failure[] = [];
  const size = entrySize(c.t, 0);
  const regions = ['linear', 'vmemmap'].map((name) => regionOf(c.layout, name)!);
  const regionAt = (index: number) =>
    regions.find(({ start, end }) => start < (index - ENTRIES + 1) * size && (index - ENTRIES) * size < end);
  const all = kernel_entries(state).filter(({ index }) => regionAt(index));
  for (const { mm, entries } of state.pgd_list) {
    const missing = all.filter(({ index }) => !entries.some((one) => one.index === index));
    const [first] = missing;
    if (!first) continue;
    const va = (first.index - ENTRIES) * size;
    found.push(
      broken(
        'roots',
        'not synchronized',
        { region: regionAt(first.index)!.name, va, size, more: missing.length - 1 },
        `the root of process ${mm} has no entry for ${vaText(va)}, that of the kernel has`,
      ),
    );
  }
  return found;
}
