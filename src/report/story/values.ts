import { zoneText } from '../../interleave/lock-names.ts';
import {
  MEMMAP,
  NO_PAGE,
  page_memmap,
  page_migratetype,
  page_nid,
  page_use,
  page_zonenum,
  USE,
} from '../../kernel/mm/page.ts';
import { type State, zone_key } from '../../kernel/state.ts';
import {
  memblock_flags_name,
  memory_block_state_name,
  migratetype_name,
  mmop_name,
  online_policy_name,
  page_flags_name,
  resource_flags_name,
  section_mem_map_name,
} from '../../kernel/value_names.ts';
import { numberText } from './number.ts';

/** Values of the kernel by the names that its source has for them. */

type Words = (value: number, state: State) => string;

const pfn: Words = (value) => (value < 0 ? 'none' : `0x${value.toString(16)}`);
const zone: Words = (value, state) => (value < 0 ? 'NULL' : zoneText(state, value));

const USES: Readonly<Record<number, string>> = {
  [USE.NONE]: 'not in the buddy allocator',
  [USE.FREE]: 'PageBuddy',
  [USE.MOVABLE]: 'PageLRU',
  [USE.PINNED]: 'PageLRU with other references',
  [USE.ISOLATED]: 'on no LRU list',
  [USE.UNMOVABLE]: 'in use by the kernel',
  [USE.HUGE_FREE]: 'PageHuge, free',
  [USE.HUGE_USED]: 'PageHuge',
  [USE.OFFLINE_REF]: 'PageOffline',
  [USE.OFFLINE_NOREF]: 'PageOffline',
  [USE.TABLE]: 'a page table',
  [USE.MEMMAP]: 'of a memmap',
  [USE.PCP]: 'on pcp->lists',
};

/** "node_zones[ZONE_MOVABLE], PageBuddy, MIGRATE_ISOLATE" */
const page: Words = (value, state) => {
  if (value === NO_PAGE) return 'not there';
  if (page_memmap(value) === MEMMAP.POISON) return 'PAGE_POISON_PATTERN';
  if (page_memmap(value) === MEMMAP.ZERO) return 'all zero';
  const flags = page_flags_name(value);
  const key = zone_key(page_nid(value), page_zonenum(value));
  return [
    zoneText(state, key),
    USES[page_use(value)] ?? 'in use',
    migratetype_name(page_migratetype(value)),
    ...(flags === '' ? [] : [flags]),
  ].join(', ');
};

/** By the last member of an expression, or by table and field where a member's name does not say. */
const WORDS: Readonly<Record<string, Words>> = {
  'memory_block.state': memory_block_state_name,
  'memory_block.zone': zone,
  'memory_block.group': (value) => (value === 0 ? 'NULL' : `memory_groups[${value}]`),
  online_type: mmop_name,
  mhp_default_online_type: mmop_name,
  online_policy: online_policy_name,
  section_mem_map: section_mem_map_name,
  'regions.flags': memblock_flags_name,
  'resource.flags': resource_flags_name,
  migratetype: migratetype_name,
  zone,
  page,
  pfn,
};

interface Region {
  readonly base: number;
  readonly size: number;
}

const isRegion = (value: unknown): value is Region =>
  typeof value === 'object' && value !== null && 'base' in value && 'size' in value;

/** A list of words of 32 bits: the set sub-sections. */
function bitmap(words: readonly number[]): string {
  if (words.length === 0) return 'freed';
  const bits = words.flatMap((word, i) =>
    Array.from({ length: 32 }, (_, bit) => ((word >>> bit) & 1 ? i * 32 + bit : -1)).filter(
      (bit) => bit >= 0,
    ),
  );
  if (bits.length === 0) return 'empty';
  const runs: [number, number][] = [];
  for (const bit of bits) {
    const last = runs.at(-1);
    if (last && last[1] + 1 === bit) last[1] = bit;
    else runs.push([bit, bit]);
  }
  return `bits ${runs.map(([from, to]) => (from === to ? `${from}` : `${from}-${to}`)).join(',')}`;
}

/** The kind of a field's value: its own, or that of its last member. */
function wordsFor(of: string): Words | undefined {
  const member = /(\w+)$/.exec(of)?.[1] ?? of;
  const last = /regions\[\d+\]\.flags$/.test(of) ? 'regions.flags' : member;
  return WORDS[of] ?? WORDS[last];
}

/** A value as the kernel's source names it. `of`: what it is the value of, `table.field` or an expression. */
export function valueText(state: State, of: string, value: unknown): string {
  const words = wordsFor(of);
  if (words && typeof value === 'number') return words(value, state);
  if (of === 'zone.pcp_disabled') return value ? '0' : 'not 0';
  if (of === 'mem_section.subsection_map' && Array.isArray(value)) return bitmap(value as number[]);
  if (isRegion(value)) return `0x${value.base.toString(16)}-0x${(value.base + value.size - 1).toString(16)}`;
  if (Array.isArray(value)) return listText(state, of, value);
  return numberText(value);
}

const MANY = 4;

const listText = (state: State, of: string, values: readonly unknown[]): string =>
  values.length === 0
    ? 'empty'
    : values.length > MANY
      ? `a list of ${values.length}`
      : values.map((value) => valueText(state, of, value)).join(', ');
