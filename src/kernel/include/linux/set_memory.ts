import type { Steps } from '../../../steps/step.ts';
import type { Kernel } from '../../kernel.ts';

/** Without CONFIG_ARCH_HAS_SET_DIRECT_MAP, which arm64 has from v5.3 on. */
export const v5_2 = {
  *set_direct_map_invalid_noflush(this: Kernel, _addr: number): Steps<number> {
    return 0;
  },
  *set_direct_map_default_noflush(this: Kernel, _addr: number): Steps<number> {
    return 0;
  },
};
