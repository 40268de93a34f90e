import { pgtable as arm64 } from './arch/arm64/include/asm/pgtable-hwdef.ts';
import { pgtable as x86_64 } from './arch/x86/include/asm/pgtable_types.ts';
import type { Config } from './config.ts';
import type { Pgtable } from './include/asm-generic/pgtable.ts';

/** The counterpart of <asm/pgtable.h> for each architecture. */
export const ASM: Readonly<Record<Config['arch'], Pgtable>> = { arm64, x86_64 };
