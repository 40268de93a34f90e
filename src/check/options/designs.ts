import { type Release, releases } from '../../releases/index.ts';

/** A design that keeps vmalloc and memory hot-remove apart. */
export interface MeasuredDesign {
  readonly name: string;
  readonly release: Release;
}

const design = (name: string, release: string): MeasuredDesign => ({ name, release: releases.get(release)! });

/** The designs discussed in the mail threads of V5 and V6, and the solution merged upstream. */
export const designs: readonly MeasuredDesign[] = [
  design('V5', 'arm64-v5'),
  design('1 lock vmalloc', 'option-1'),
  design('2 hotplug read lock', 'option-2'),
  design('3 keep memmap tables', 'option-3'),
  design('4 disjoint layout', 'option-4'),
  design('V6', 'arm64-v6'),
  design('floor/ceiling', 'v5.7'),
];
