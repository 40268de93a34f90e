import type { Config } from '../../kernel/config.ts';
import type { State } from '../../kernel/state.ts';
import type { Failure } from '../../steps/failure.ts';
import { checkBlocks } from './blocks.ts';
import { checkHugetlb } from './hugetlb.ts';
import { checkLinear } from './linear.ts';
import { checkLinks } from './links.ts';
import { checkMemblock } from './memblock.ts';
import { checkMemmap } from './memmap.ts';
import { checkRoots } from './roots.ts';
import { checkSections } from './sections.ts';
import { checkTables } from './tables.ts';
import { checkTranslations } from './translations.ts';
import { checkZones } from './zones.ts';

/** The invariants that must hold between operations, by name. */
export const invariants: Readonly<Record<string, (state: State, c: Config) => Failure[]>> = {
  blocks: checkBlocks,
  hugetlb: checkHugetlb,
  linear: checkLinear,
  links: checkLinks,
  memblock: checkMemblock,
  memmap: checkMemmap,
  roots: checkRoots,
  sections: checkSections,
  tables: checkTables,
  translations: checkTranslations,
  zones: checkZones,
};

/** All violations of the invariants. */
export function violations(state: State, c: Config): Failure[] {
  return Object.values(invariants).flatMap((check) => check(state, c));
}
