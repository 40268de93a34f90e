import { quote } from '../errors/input-error.ts';
import type { Release } from './define.ts';
import { currentName } from './former-names.ts';
import { v5_2 } from './mainline/v5.2.ts';
import { v5_3 } from './mainline/v5.3.ts';
import { v5_4 } from './mainline/v5.4.ts';
import { v5_7 } from './mainline/v5.7.ts';
import { v5_10 } from './mainline/v5.10.ts';
import { v6_1 } from './mainline/v6.1.ts';
import { v6_6 } from './mainline/v6.6.ts';
import { v6_8 } from './mainline/v6.8.ts';
import { v6_12 } from './mainline/v6.12.ts';
import { v6_15 } from './mainline/v6.15.ts';
import { v6_18 } from './mainline/v6.18.ts';
import { v7_0 } from './mainline/v7.0.ts';
import { v7_2 } from './mainline/v7.2.ts';
import { mutations } from './mutations/index.ts';
import { nearest } from './nearest.ts';
import { arm64_v5 } from './series/arm64-v5.ts';
import { arm64_v6, arm64_v6_base } from './series/arm64-v6.ts';
import { lockless } from './series/lockless.ts';
import { pg_reserved_series } from './series/pg-reserved.ts';
import { subsections_series } from './series/subsections.ts';
import { options } from './series/vmalloc-options.ts';
import { B19_releases } from './series/without-ptdump-lock.ts';

// kept in the declarations of the package: these files say which functions KernelFunctions has
import './series/arm64-v6.ts';
import './mainline/v5.2.ts';
import './mainline/v5.3.ts';
import './mainline/v5.4.ts';
import './mainline/v5.7.ts';
import './mainline/v5.10.ts';
import './mainline/v6.1.ts';
import './mainline/v6.6.ts';
import './mainline/v6.8.ts';
import './mainline/v6.12.ts';
import './mainline/v6.15.ts';
import './mainline/v6.18.ts';
import './mainline/v7.0.ts';
import './mainline/v7.2.ts';

/** Mainline releases in order; each stands for the tree its `about` names. */
export const mainline: readonly Release[] = [
  ...[v5_2, v5_3, v5_4, v5_7, v5_10],
  ...[v6_1, v6_6, v6_8, v6_12, v6_15, v6_18],
  ...[v7_0, v7_2],
];

/** All releases and series by name. */
export const releases: ReadonlyMap<string, Release> = new Map(
  [
    ...mainline,
    ...[arm64_v6_base, arm64_v6, arm64_v5, ...options, ...pg_reserved_series, ...subsections_series],
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
 * The modelled release for a name ("v6.1", "arm64-v6", or its former name "S0") or for a kernel version of its series
 * ("6.1.0-56-amd64" is of v6.1). Null if there is none.
 */
export function findRelease(text: string): Release | null {
  const wanted = version(text);
  return (
    releases.get(currentName(text)) ??
    (wanted ? mainline.find(({ name }) => name === `v${wanted.join('.')}`) : undefined) ??
    null
  );
}

/** The newest release that is not newer than a version, and the oldest one that is not older. */
function neighbours([major, minor]: readonly [number, number]): (Release | undefined)[] {
  const newer = mainline.findIndex(({ name }) => {
    const [first, second] = version(name)!;
    return first > major || (first === major && second > minor);
  });
  const at = newer < 0 ? mainline.length : newer;
  return [mainline[at - 1], mainline[at]];
}

/**
 * The release that stands for a kernel version which may not be modelled: the newest one that is not newer, or the oldest of
 * all. Null if the text is neither a version nor a release.
 */
export function nearestRelease(text: string): Release | null {
  const known = findRelease(text);
  if (known) return known;
  const wanted = version(text);
  return wanted ? (neighbours(wanted).find((release) => release !== undefined) ?? null) : null;
}

/** "is not a modelled release", and which names are near. */
export function notARelease(text: string): string {
  const wanted = version(text) ?? version(`${text}.0`);
  const near = wanted
    ? neighbours(wanted).flatMap((release) => release?.name ?? [])
    : nearest(text, releases.keys());
  return `${quote(text)} is not a modelled release${near.length > 0 ? `; near it: ${near.join(', ')}` : ''}`;
}

export { makeKernel, type Release } from './define.ts';
export { B19_SUFFIX } from './series/without-ptdump-lock.ts';
