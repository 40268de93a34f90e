import type { Arch } from '../geometry/sizes.ts';
import type { Kernel } from '../kernel/kernel.ts';
import type { State } from '../kernel/state.ts';
import type { Machine } from '../machines/machine.ts';

import { bootTables as arm64 } from './arm64/initial-tables.ts';
import { bootTables as x8664 } from './x86/initial-tables.ts';

/**
 * Builds the tables that boot leaves for the memory of these sections, and with `permanent` the other mappings that are
 * never removed. Returns what could not be built, one line each.
 */
export type BootTables = (
  machine: Machine,
  k: Kernel,
  state: State,
  sections: readonly number[],
  permanent: boolean,
) => string[];

/** The builder of each architecture. */
export const BOOT_TABLES: Readonly<Record<Arch, BootTables>> = { arm64, x86_64: x8664 };
