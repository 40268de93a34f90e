import type { Arch } from '../geometry/sizes.ts';
import type { KernelFunctions } from '../kernel/kernel.ts';
import { BACKPORTS, type Backport, hasBackport, isTold, STANDS_FOR } from './backports.ts';
import type { Release } from './define.ts';

/** What a fix has made of a function in a series. */
const after = ({ functions, ported }: Backport, release: string, fn: string): unknown =>
  ported?.[release]?.[fn] ?? functions[fn]![1];

/**
 * A modelled release as it was, or became, in another stable version of its series: with the fixes of `BACKPORTS` that
 * this version has, and without the others. It keeps its name. The same release if no such fix is told apart by the
 * model, or if it is of no series.
 * @param version "5.10.262"
 */
export function atVersion(release: Release, version: string): Release {
  const stands = STANDS_FOR[release.name];
  if (stands === undefined) return release;
  const other = BACKPORTS.filter(
    (row) => hasBackport(row, release.name, version) !== hasBackport(row, release.name, stands),
  );
  if (!other.some(isTold)) return release;
  const functions = (arch: Arch): KernelFunctions => {
    const table: Record<string, unknown> = { ...release.functions(arch) };
    for (const row of other) {
      const has = hasBackport(row, release.name, version);
      for (const [fn, [before]] of Object.entries(row.functions)) {
        const [from, to] = has
          ? [before, after(row, release.name, fn)]
          : [after(row, release.name, fn), before];
        if (table[fn] === from) table[fn] = to;
      }
    }
    return table as unknown as KernelFunctions;
  };
  const made = new Map<Arch, KernelFunctions>();
  const pgprot = other.reduce(
    (prot, row) => row.pgprot?.(prot, hasBackport(row, release.name, version)) ?? prot,
    release.constants.pgprot,
  );
  return {
    ...release,
    about: version,
    constants: { ...release.constants, pgprot },
    functions: (arch) => {
      const known = made.get(arch) ?? functions(arch);
      made.set(arch, known);
      return known;
    },
  };
}
