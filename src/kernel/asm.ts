import { pgtable as arm64 } from './arch/arm64/include/asm/pgtable-hwdef.ts';
import type { Config } from './config.ts';
import type { Pgtable } from './include/asm-generic/pgtable.ts';

/** The counterpart of <asm/pgtable.h> for each architecture; null if its page tables are not modelled. */
export const ASM: Readonly<Record<Config['arch'], Pgtable | null>> = { arm64, x86_64: null };
