/** How the releases of a series began here before they were named by what they are. */
const FORMER: Readonly<Record<string, string>> = {
  S0: 'arm64-v6',
  S1: 'arm64-v5',
  S2: 'pg-reserved',
  S4: 'gigantic',
};

/** Today's name for what was called `S0`, `S1-B42`, `S4-v2` and the like: old files, options and tokens say so. Any other name is itself. */
export function currentName(name: string): string {
  const [, series, rest] = /^(S\d)(-.*)?$/.exec(name) ?? [];
  const current = series === undefined ? undefined : FORMER[series];
  return current === undefined ? name : current + (rest ?? '');
}
