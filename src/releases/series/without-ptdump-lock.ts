import * as ptdump_debugfs from '../../kernel/arch/arm64/mm/ptdump_debugfs.ts';
import { defineRelease, type Release } from '../define.ts';
import { v5_7 } from '../mainline/v5.7.ts';
import { arm64_v5 } from './arm64-v5.ts';
import { arm64_v6 } from './arm64-v6.ts';
import { options } from './vmalloc-options.ts';

/** The suffix that distinguishes the name of such a release from its base. */
export const B19_SUFFIX = '-B19';

/**
 * B19: a release whose kernel_page_tables takes no lock, to test whether anything else in it keeps removal and walk
 * apart.
 */
const without_ptdump_lock = (release: Release): Release =>
  defineRelease({
    name: `${release.name}${B19_SUFFIX}`,
    base: release,
    about: `${release.about}; kernel_page_tables is read without get_online_mems()`,
    arch: { arm64: { ptdump_show: ptdump_debugfs.v5_2.ptdump_show } },
  });

export const B19_releases = [arm64_v6, arm64_v5, ...options, v5_7].map(without_ptdump_lock);
