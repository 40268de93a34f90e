import { _PAGE_GLOBAL } from '../../kernel/arch/x86/include/asm/pgtable_types.ts';
import type { Config } from '../../kernel/config.ts';
import type { Site } from './site.ts';

/** Page table isolation: the kernel's mappings are not global. */
export const hasPti = (c: Config): boolean => (c.pgprot.PAGE_KERNEL & _PAGE_GLOBAL) === 0;

/**
 * Features of the modelled processors (arch/x86/include/asm/cpufeatures.h of the tree, by name). One that is asked for
 * and has no row stops the run.
 */
export const X86_FEATURES: Readonly<Record<string, (c: Config) => boolean>> = {
  LA57: (c) => c.t.levels === 5,
  PTI: hasPti,
};

export function hasFeature({ program, k, stop }: Site, number: number): boolean {
  const { capabilities } = program.bundle;
  const name = Object.keys(capabilities).find((one) => capabilities[one] === number);
  if (name === undefined) return stop(`an alternative for feature ${number}, which the tree does not name`);
  return X86_FEATURES[name]?.(k.c) ?? stop(`an alternative for the feature X86_FEATURE_${name}`);
}
