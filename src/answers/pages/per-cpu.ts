import { zone_key } from '../../kernel/state.ts';

/** The pages on the lists of all CPUs by zone, as /proc/zoneinfo counts them: `count:` below `pagesets`. */
export function perCpuPages(zoneinfo: string | undefined, zones: readonly string[]): Map<number, number> {
  const found = new Map<number, number>();
  let key = -1;
  for (const line of (zoneinfo ?? '').split('\n')) {
    const zone = /^Node (\d+), zone +(\w+)/.exec(line);
    if (zone) {
      const index = zones.indexOf(zone[2]!);
      key = index < 0 ? -1 : zone_key(Number(zone[1]), index);
      continue;
    }
    const count = /^ +count: +(\d+)$/.exec(line);
    if (count && key >= 0) found.set(key, (found.get(key) ?? 0) + Number(count[1]));
  }
  return found;
}
