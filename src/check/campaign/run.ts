import { BadOperation } from '../../errors/bad-operation.ts';
import { NoSuchGeometry, va_text } from '../../geometry/translation.ts';
import { find_release } from '../../releases/index.ts';
import { NotApplicable } from '../../scenarios/interleaved/names.ts';
import { check_entry } from '../check.ts';
import type { Checked } from '../checked.ts';
import type { Entry } from '../entry.ts';
import { memory_for_shared_table, on_v5, type SharedTableFate, shared_table_fates } from '../neighbours.ts';
import type { Search } from '../threads.ts';
import type { Shape, Variation } from '../variation.ts';
import { about_a_shared_table, type Planned, type PlannedRun, type PlannedTables } from './plan.ts';
import type { CampaignRecord, NoTablesRecord, RunRecord, TableRecord } from './record.ts';

/** What one configuration comes to: one record, or several for tables. */
export function perform(
  planned: Planned,
  entries: ReadonlyMap<string, Entry>,
  search: Search,
): CampaignRecord[] {
  if (planned.kind === 'shared_tables') return tables(planned, [...entries.values()], search);
  return [run(planned, entries.get(planned.entry)!, search)];
}

/** Why nothing can be said, without the place in the file: it is the same for all. */
const reason_of = (error: BadOperation): string =>
  error.message.replace(/^\S+\.ya?ml: (?:line \d+ )?(?:steps\[\d+\]: )?/, '');

function run(planned: PlannedRun, entry: Entry, search: Search): RunRecord {
  const about = place_of(planned, entry);
  try {
    return {
      ...about,
      ...came_to(check_entry(entry, planned.release, { ...search, variation: variation_of(planned, entry) })),
    };
  } catch (error) {
    if (error instanceof BadOperation) return { ...about, ...nothing(reason_of(error)) };
    if (error instanceof NotApplicable || error instanceof NoSuchGeometry)
      return { ...about, ...nothing(error.message) };
    throw error;
  }
}

const shape_of = ({
  page_size,
  va_bits = 48,
}: {
  readonly page_size: number;
  readonly va_bits?: number;
}): Shape => ({
  page_size,
  va_bits,
});

const is_own = (entry: Entry, shape: Shape): boolean => {
  if (entry.kind === 'memmap') return true;
  const own = shape_of(entry.scenario.machine);
  return own.page_size === shape.page_size && own.va_bits === shape.va_bits;
};

/** Nothing where the machine is the entry's own. */
function variation_of({ shape, release, boot_memory }: PlannedRun, entry: Entry): Variation {
  if (shape === null) return {};
  if (!boot_memory) return is_own(entry, shape) ? {} : { geometry: shape };
  const layout = find_release(release)!.constants.layout;
  return {
    geometry: shape,
    memory: memory_for_shared_table(shape, layout, boot_memory),
    permanent_mappings: true,
  };
}

function place_of({ entry: id, release, shape, boot_memory }: PlannedRun, entry: Entry) {
  const { machine } = entry.scenario;
  const arm64 = shape !== null;
  return {
    kind: 'run' as const,
    entry: id,
    release,
    said:
      release === entry.release
        ? ('fails' as const)
        : entry.fixed.includes(release)
          ? ('fixed' as const)
          : null,
    arch: machine.arch,
    page_size: shape?.page_size ?? machine.page_size,
    va_bits: shape?.va_bits ?? ('va_bits' in machine ? (machine.va_bits ?? 48) : null),
    layout: arm64 ? find_release(release)!.constants.layout : null,
    as_written: shape === null || (is_own(entry, shape) && !boot_memory),
    boot_memory,
  };
}

const NOTHING = {
  failure_kind: null,
  failure_subjects: null,
  failure_text: null,
  same_as: [],
  reason: null,
  within: [],
  states: 0,
  steps: 0,
  preemptions: null,
} as const;

const nothing = (reason: string) => ({ ...NOTHING, verdict: 'n/a' as const, reason });

const came_to = ({ verdict, failure, reason, within, states, steps, told }: Checked) => ({
  ...NOTHING,
  verdict,
  failure_kind: failure?.kind ?? null,
  failure_subjects: failure?.subjects ?? null,
  failure_text: failure?.text ?? null,
  reason,
  within,
  states,
  steps,
  preemptions: told?.kind === 'threads' ? told.preemptions : null,
});

function tables(
  { shape, layout }: PlannedTables,
  entries: readonly Entry[],
  search: Search,
): (TableRecord | NoTablesRecord)[] {
  const none = (reason: string): NoTablesRecord[] => [{ kind: 'no_shared_table', ...shape, layout, reason }];
  try {
    const found = shared_table_fates(shape, layout);
    if (found.length === 0) return none('the memmap shares no table below the root');
    return found.map((fate) => table(fate, fate.fate === 'freed' ? races(fate, entries, search) : []));
  } catch (error) {
    if (error instanceof NotApplicable || error instanceof NoSuchGeometry) return none(error.message);
    throw error;
  }
}

function races(fate: SharedTableFate, entries: readonly Entry[], search: Search): string[] {
  if (!fate.regions.includes('vmalloc')) return [];
  return entries.filter(about_a_shared_table).map((entry) => {
    const { verdict, told } = on_v5(entry, fate, search);
    const n = told?.kind === 'threads' ? told.preemptions : 0;
    return `${entry.id} ${verdict}${told ? `, ${n} ${n === 1 ? 'preemption' : 'preemptions'}` : ''}`;
  });
}

const table = (fate: SharedTableFate, explored: readonly string[]): TableRecord => ({
  kind: 'shared_table',
  ...fate.shape,
  layout: fate.layout,
  level: fate.level,
  start: va_text(fate.start),
  end: va_text(fate.end),
  regions: fate.regions,
  boot_memory: fate.boot_memory,
  memstart_addr: fate.memstart_addr,
  ram_start: fate.ram.start,
  ram_size: fate.ram.size,
  reach: fate.reach,
  removed_start: fate.removed?.start ?? null,
  removed_size: fate.removed?.size ?? null,
  fate: fate.fate,
  kept_by: fate.kept_by,
  races: explored,
});
