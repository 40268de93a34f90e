/** Former prefixes of release names in a series, before they were renamed after the series. */
const FORMER: Readonly<Record<string, string>> = {
  S0: 'arm64-v6',
  S1: 'arm64-v5',
  S2: 'pg-reserved',
  S3: 'subsections',
  S4: 'gigantic',
};

/** Former names of single releases. */
const FORMER_RELEASES: Readonly<Record<string, string>> = { 'v5.2-S0': 'v5.2-B33b' };

/**
 * The current name for a former one such as `S0`, `S1-B42`, `S4-v2`; old files, options and tokens use former names.
 * Any other name is returned unchanged.
 */
export function currentName(name: string): string {
  if (Object.hasOwn(FORMER_RELEASES, name)) return FORMER_RELEASES[name]!;
  const [, series, rest] = /^(S\d)(-.*)?$/.exec(name) ?? [];
  const current = series === undefined ? undefined : FORMER[series];
  return current === undefined ? name : current + (rest ?? '');
}
