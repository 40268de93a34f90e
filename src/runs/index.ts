import type { Kernel, KernelFunctions } from '../kernel/kernel.ts';
import * as create_pgd_mapping from './create_pgd_mapping.ts';
import { type BatchForm, with_forms } from './form.ts';
import * as free_empty_tables from './free_empty_tables.ts';
import * as leaves from './leaves.ts';
import * as memblock from './memblock.ts';
import * as pages from './pages.ts';
import * as pgtable from './pgtable.ts';
import * as remove_pagetable from './remove_pagetable.ts';
import * as sections from './sections.ts';
import * as tlbflush from './tlbflush.ts';
import * as unmap_hotplug_range from './unmap_hotplug_range.ts';
import * as vmemmap_populate_basepages from './vmemmap_populate_basepages.ts';
import * as vmemmap_populate_hugepages from './vmemmap_populate_hugepages.ts';
import * as x86_tables from './x86_tables.ts';

export const FORMS: readonly BatchForm[] = [
  create_pgd_mapping,
  free_empty_tables,
  leaves,
  memblock,
  pages,
  pgtable,
  remove_pagetable,
  sections,
  tlbflush,
  unmap_hotplug_range,
  vmemmap_populate_basepages,
  vmemmap_populate_hugepages,
  x86_tables,
].flatMap(({ forms }) => forms);

const knows = ({ name, instead_of = {} }: BatchForm, fn: string): boolean =>
  name === fn || Object.hasOwn(instead_of, fn);

/**
 * The kernel for running alone: functions with a batch form run by it. Functions named in `exactly` run as written, and
 * so do all their callers.
 */
export const run_alone = (k: Kernel, exactly: readonly (keyof KernelFunctions)[] = []): Kernel =>
  with_forms(
    k,
    FORMS.filter((one) => !exactly.some((fn) => knows(one, fn))),
  );
