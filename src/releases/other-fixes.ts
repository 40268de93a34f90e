import { BACKPORTS, type Backport, hasBackport, isBefore, STANDS_FOR } from './backports.ts';
import type { Release } from './define.ts';

/** What a kernel of the series of a release has that the version for which the release stands has not, and the reverse. */

/**
 * "6.1.55" of "6.1.55", "6.1.55-rt16" or "6.1.55+"; null for other texts. Distributions whose third number stays 0 do not
 * tell which fixes they took over: "6.1.0-56-amd64", "5.4.0-150-generic".
 */
export function stableVersion(kernel: string): string | null {
  const [, version, sublevel] = /^v?(\d+\.\d+\.(\d+))(?![\d.])/.exec(kernel) ?? [];
  if (version === undefined) return null;
  return sublevel === '0' && /^v?\d+\.\d+\.0-\d/.test(kernel) ? null : version;
}

const seriesOf = (version: string): string => version.split('.').slice(0, 2).join('.');

/** A fix and the version in which it arrived. */
const told = ({ subject, stable }: Backport, release: string): string => `"${subject}" (${stable[release]})`;

/**
 * One line for the fixes that the release lacks, and one for those that the kernel lacks. Where a fix arrived is known, or at
 * least a version that has it; between those it is not told.
 */
export function otherFixes(kernel: string, { name }: Pick<Release, 'name'>): string[] {
  const own = STANDS_FOR[name];
  const version = stableVersion(kernel);
  if (own === undefined || version === null || seriesOf(version) !== seriesOf(own)) return [];
  const rows = BACKPORTS.filter((row) => !isBefore(row, name));
  const has = (row: Backport, of: string): boolean => hasBackport(row, name, of);
  const more = rows.filter((row) => has(row, version) && !has(row, own));
  const less = rows.filter(
    (row) => has(row, own) && !has(row, version) && !row.stable[name]!.startsWith('by '),
  );
  const line = (fixes: readonly Backport[], what: string): string[] =>
    fixes.length === 0 ? [] : [`${what} ${fixes.map((row) => told(row, name)).join('; ')}`];
  return [
    ...line(more, `${version} has fixes that ${name} (${own}) lacks:`),
    ...line(less, `${name} (${own}) has fixes that ${version} lacks:`),
  ];
}
