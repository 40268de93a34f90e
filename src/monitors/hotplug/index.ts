import type { Config } from '../../kernel/config.ts';
import type { State } from '../../kernel/state.ts';
import { check_blocks } from './blocks.ts';
import { check_links } from './links.ts';
import { check_memblock } from './memblock.ts';
import { check_sections } from './sections.ts';
import { check_zones } from './zones.ts';

/** What must hold between operations, by name (FACTS section 7). */
export const invariants: Readonly<Record<string, (state: State, c: Config) => string[]>> = {
  blocks: check_blocks,
  links: check_links,
  memblock: check_memblock,
  sections: check_sections,
  zones: check_zones,
};

/** Everything that does not hold, "monitor: what". */
export function violations(state: State, c: Config): string[] {
  return Object.entries(invariants).flatMap(([name, check]) =>
    check(state, c).map((what) => `${name}: ${what}`),
  );
}
