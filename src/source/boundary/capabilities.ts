import type { Config } from '../../kernel/config.ts';

/**
 * Capabilities of the modelled processors (arch/arm64/tools/cpucaps of the tree, by name). An alternative that asks for
 * one without a row stops the run. The machines of the recordings have none of the errata.
 */
export const CAPABILITIES: Readonly<Record<string, boolean | ((c: Config) => boolean)>> = {
  ALWAYS_BOOT: true,
  ALWAYS_SYSTEM: true,
  // 52-bit addresses, with 4K and 16K pages through LPA2: a kernel that is configured for them has them here
  HAS_VA52: (c) => c.t.va_bits === 52,
  HAS_LVA: (c) => c.t.va_bits === 52,
  HAS_LPA2: (c) => c.t.va_bits === 52 && c.PAGE_SHIFT < 16,
  // guarded pages: no mapping that is modelled is executable
  BTI: false,
  // for mappings of user space only: the kernel's are tagged by their memory type
  MTE: false,
  // TLBIs are issued twice, DSBs as well
  WORKAROUND_REPEAT_TLBI: false,
  // the linear map of blocks cannot be split: it has none where permissions change
  HAS_BBML2_NOABORT: false,
  // a hint of the level in a TLBI, which invalidates no less without
  HAS_ARMv8_4_TTL: false,
  // 16 pages by one TLBI
  HAS_TLB_RANGE: false,
  // the same results by LL/SC and LSE
  HAS_LSE_ATOMICS: true,
  UNMAP_KERNEL_AT_EL0: false,
  KPTI: false,
};
