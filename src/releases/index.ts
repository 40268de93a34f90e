import type { Release } from './define.ts';
import { currentName } from './former-names.ts';
import { v5_2 } from './mainline/v5.2.ts';
import { v5_3 } from './mainline/v5.3.ts';
import { v5_4 } from './mainline/v5.4.ts';
import { v5_7 } from './mainline/v5.7.ts';
import { v5_10 } from './mainline/v5.10.ts';
import { v6_1 } from './mainline/v6.1.ts';
import { v6_12 } from './mainline/v6.12.ts';
import { v7_2 } from './mainline/v7.2.ts';
import { mutations } from './mutations/index.ts';
import { arm64_v5 } from './series/arm64-v5.ts';
import { arm64_v6, arm64_v6_base } from './series/arm64-v6.ts';
import { lockless } from './series/lockless.ts';
import { pg_reserved_series } from './series/pg-reserved.ts';
import { options } from './series/vmalloc-options.ts';
import { B19_releases } from './series/without-ptdump-lock.ts';

// kept in the declarations of the package: these files say which functions KernelFunctions has
import './series/arm64-v6.ts';
import './series/arm64-v5.ts';
import './mainline/v5.2.ts';
import './mainline/v5.3.ts';
import './mainline/v5.4.ts';
import './mainline/v5.7.ts';
import './mainline/v5.10.ts';
import './mainline/v6.1.ts';
import './mainline/v6.12.ts';
import './mainline/v7.2.ts';

/** Mainline releases in order; each stands for the tree its `about` names. */
export const mainline: readonly Release[] = [v5_2, v5_3, v5_4, v5_7, v5_10, v6_1, v6_12, v7_2];

/** All releases and series by name. */
export const releases: ReadonlyMap<string, Release> = new Map(
  [
    ...mainline,
    ...[arm64_v6_base, arm64_v6, arm64_v5, ...options, ...pg_reserved_series],
    ...lockless,
    ...B19_releases,
    ...mutations,
  ].map((release) => [release.name, release]),
);

/** Major and minor number of v6.1, v6.1.192, v6.1-rc3 or 6.1.0-56-amd64. */
const version = (text: string): [number, number] | null => {
  const match = /^v?(\d+)\.(\d+)(?:\.\d+(?:[-+_~.]\S*)?|-rc\d+)?$/.exec(text);
  return match ? [Number(match[1]), Number(match[2])] : null;
};

/**
 * The modelled release for a name ("v6.1", "arm64-v6", or its former name "S0") or a kernel version ("6.1.0-56-amd64"):
 * the newest release that is not newer than that version. Null if the text is neither, or older than all releases.
 */
export function findRelease(text: string): Release | null {
  const exact = releases.get(currentName(text));
  if (exact) return exact;
  const wanted = version(text);
  if (!wanted) return null;
  const fitting = mainline.filter((release) => {
    const [major, minor] = version(release.name)!;
    return major < wanted[0] || (major === wanted[0] && minor <= wanted[1]);
  });
  return fitting.at(-1) ?? null;
}

export { makeKernel, type Release } from './define.ts';
export { B19_SUFFIX } from './series/without-ptdump-lock.ts';
