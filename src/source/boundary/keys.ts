import type { Config } from '../../kernel/config.ts';

/** Static keys of the kernel's image by their names: whether they are enabled. */
export const STATIC_KEYS: Readonly<Record<string, (c: Config) => boolean>> = {
  // the machine is no realm of Arm CCA
  rsi_present: () => false,
  // until v6.3: the capabilities are known since boot
  arm64_const_caps_ready: () => true,
  _debug_pagealloc_enabled: (c) => c.debug_pagealloc,
  // no ptdump runs while C does
  ptdump_lock_key: () => false,
};
