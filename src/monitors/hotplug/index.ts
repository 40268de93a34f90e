import type { Config } from '../../kernel/config.ts';
import type { State } from '../../kernel/state.ts';
import type { Failure } from '../../steps/failure.ts';
import { check_blocks } from './blocks.ts';
import { check_hugetlb } from './hugetlb.ts';
import { check_linear } from './linear.ts';
import { check_links } from './links.ts';
import { check_memblock } from './memblock.ts';
import { check_memmap } from './memmap.ts';
import { check_sections } from './sections.ts';
import { check_tables } from './tables.ts';
import { check_translations } from './translations.ts';
import { check_zones } from './zones.ts';

/** What must hold between operations, by name. */
export const invariants: Readonly<Record<string, (state: State, c: Config) => Failure[]>> = {
  blocks: check_blocks,
  hugetlb: check_hugetlb,
  linear: check_linear,
  links: check_links,
  memblock: check_memblock,
  memmap: check_memmap,
  sections: check_sections,
  tables: check_tables,
  translations: check_translations,
  zones: check_zones,
};

/** Everything that does not hold. */
export function violations(state: State, c: Config): Failure[] {
  return Object.values(invariants).flatMap((check) => check(state, c));
}
