import type { Externals } from './externals/external.ts';
import { LOCKING } from './externals/locking.ts';
import { MEMORY_HOTPLUG } from './externals/memory-hotplug.ts';
import { MEMREMAP } from './externals/memremap.ts';
import { MESSAGES } from './externals/messages.ts';
import { PAGE_ALLOC } from './externals/page-alloc.ts';
import { PAGE_TABLES } from './externals/page-tables.ts';
import { SECTIONS } from './externals/sections.ts';
import { X86 } from './externals/x86.ts';
import { ZONES } from './externals/zones.ts';

/**
 * Functions outside of the compiled files. One that is not here stops the run; a function of the model is called on the
 * kernel, so that what a release, a design or the bundle itself replaces is what runs.
 */
export const EXTERNALS: Externals = {
  ...LOCKING,
  ...PAGE_ALLOC,
  ...SECTIONS,
  ...PAGE_TABLES,
  ...X86,
  ...MEMORY_HOTPLUG,
  ...ZONES,
  ...MEMREMAP,
  ...MESSAGES,
};
