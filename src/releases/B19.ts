import * as ptdump from '../kernel/mm/ptdump.ts';
import { defineRelease, type Release } from './define.ts';
import { S0 } from './S0.ts';
import { S1 } from './S1.ts';

/** A release whose kernel_page_tables takes no lock. */
export const without_ptdump_lock = (release: Release, name: string): Release =>
  defineRelease({
    name,
    base: release,
    about: `${release.about}; kernel_page_tables is read without get_online_mems()`,
    arch: { arm64: { ptdump_show: ptdump.v5_2.ptdump_show } },
  });

/** B19: seeds 000 and 001 without the patch of the series for kernel_page_tables. */
export const B19 = without_ptdump_lock(S0, 'S0-B19');
export const B19b = without_ptdump_lock(S1, 'S1-B19');
