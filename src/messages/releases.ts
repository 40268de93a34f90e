import type { Entry } from './entry.ts';

/** `6.12.117`, `v6.12` or `6.12` as numbers; a missing point release is -1. */
function numbers(version: string): { series: number; point: number } {
  const [, major, minor, point] = /^v?(\d+)\.(\d+)(?:\.(\d+))?/.exec(version) ?? [];
  if (major === undefined) throw new Error(`not a release: ${version}`);
  return { series: Number(major) * 1000 + Number(minor), point: point === undefined ? -1 : Number(point) };
}

/** Whether a range of an entry's `releases` contains the series. */
function contains(range: string, series: number): boolean {
  const [from = '', to] = range.trim().split('..');
  if (to === undefined) return numbers(from).series === series;
  return (from === '' || numbers(from).series <= series) && (to === '' || series <= numbers(to).series);
}

/**
 * Whether a release of the kernel has a message: `v6.1` is any release of the series, `6.1.192` that one.
 * @throws Error if `version` is no release
 */
export function hasMessage({ releases, dropped }: Entry, version: string): boolean {
  const { series, point } = numbers(version);
  if (releases !== undefined && !releases.split(',').some((range) => contains(range, series))) return false;
  const without = dropped?.split(',').map((one) => numbers(one.trim()));
  return !without?.some((one) => one.series === series && point >= one.point);
}
