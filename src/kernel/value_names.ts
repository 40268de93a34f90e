import {
  MEMBLOCK_DRIVER_MANAGED,
  MEMBLOCK_HOTPLUG,
  MEMBLOCK_MIRROR,
  MEMBLOCK_NOMAP,
} from './mm/memblock/memblock.ts';
import {
  MIGRATE,
  PG_dirty,
  PG_hwpoison,
  PG_reserved,
  PG_table,
  PG_uncached,
  PG_vmemmap_self_hosted,
} from './mm/page.ts';
import * as state from './state.ts';

/** Names of the kernel's constants, for people: flags are joined by " | ". Unknown values are numbers. */

type Names = Readonly<Record<string, number>>;

const number_text = (value: number): string => (value < 10 ? `${value}` : `0x${value.toString(16)}`);

const one_of =
  (names: Names) =>
  (value: number): string =>
    Object.entries(names).find(([, number]) => number === value)?.[0] ?? number_text(value);

const flags_of =
  (names: Names) =>
  (value: number): string => {
    let rest = value;
    const set: string[] = [];
    for (const [name, bits] of Object.entries(names)) {
      if ((rest & bits) !== bits) continue;
      set.push(name);
      rest &= ~bits;
    }
    return rest === 0 && set.length > 0 ? set.join(' | ') : [...set, number_text(rest)].join(' | ');
  };

/** The constants of `state.ts` whose names begin so, the smallest first. */
const beginning = (prefix: string): Names =>
  Object.fromEntries(
    Object.entries(state)
      .filter(
        (entry): entry is [string, number] => entry[0].startsWith(prefix) && typeof entry[1] === 'number',
      )
      .sort(([, a], [, b]) => a - b),
  );

/** MEM_ONLINE and others, of memory_block.state. */
export const memory_block_state_name = one_of(beginning('MEM_'));
export const mmop_name = one_of(beginning('MMOP_'));
export const online_policy_name = one_of({ ONLINE_POLICY_CONTIG_ZONES: 0, ONLINE_POLICY_AUTO_MOVABLE: 1 });
export const migratetype_name = one_of(
  Object.fromEntries(Object.entries(MIGRATE).map(([name, value]) => [`MIGRATE_${name}`, value])),
);
/** The flags of section_mem_map. */
export const section_mem_map_name = flags_of(beginning('SECTION_'));
export const memblock_flags_name = (flags: number): string =>
  flags === 0
    ? 'MEMBLOCK_NONE'
    : flags_of({ MEMBLOCK_HOTPLUG, MEMBLOCK_MIRROR, MEMBLOCK_NOMAP, MEMBLOCK_DRIVER_MANAGED })(flags);
export const resource_flags_name = flags_of({
  IORESOURCE_SYSTEM_RAM: state.IORESOURCE_SYSTEM_RAM,
  ...beginning('IORESOURCE_'),
});

const PAGE_FLAGS = { PG_reserved, PG_hwpoison, PG_vmemmap_self_hosted, PG_table, PG_dirty, PG_uncached };
const all_page_flags = Object.values(PAGE_FLAGS).reduce((all, bit) => all | bit, 0);

/** The flags of a struct page; empty for none. */
export const page_flags_name = (page: number): string =>
  (page & all_page_flags) === 0 ? '' : flags_of(PAGE_FLAGS)(page & all_page_flags);

/** "Movable"; null if there is no such zone. */
export const zone_name = ({ zone }: state.State, key: number): string | null => zone.get(key)?.name ?? null;
