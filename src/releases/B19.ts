import * as ptdump from '../kernel/mm/ptdump.ts';
import { defineRelease } from './define.ts';
import { S0 } from './S0.ts';

/** B19: seed 000 without its second patch. */
export const B19 = defineRelease({
  name: 'S0-B19',
  base: S0,
  about: 'arm64 hot-remove V6 without patch 2: kernel_page_tables is read without get_online_mems()',
  arch: { arm64: { ptdump_show: ptdump.v5_2.ptdump_show } },
});
