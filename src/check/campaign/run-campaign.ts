import { BadOperation } from '../../errors/bad-operation.ts';
import { NoSuchGeometry, vaText } from '../../geometry/translation.ts';
import { findRelease } from '../../releases/index.ts';
import { NotApplicable } from '../../scenarios/interleaved/names.ts';
import { checkEntry } from '../check-entry.ts';
import type { Checked } from '../checked.ts';
import type { Entry } from '../entry.ts';
import { memoryForSharedTable, onV5, type SharedTableFate, sharedTableFates } from '../neighbours.ts';
import type { ThreadsSearch } from '../threads.ts';
import type { Shape, Variation } from '../variation.ts';
import { aboutASharedTable, type Planned, type PlannedRun, type PlannedTables } from './plan.ts';
import type { CampaignRecord, NoTablesRecord, RunRecord, TableRecord } from './record.ts';

/** The records of one configuration: one record, or several for tables. */
export function perform(
  planned: Planned,
  entries: ReadonlyMap<string, Entry>,
  search: ThreadsSearch,
): CampaignRecord[] {
  if (planned.kind === 'shared_tables') return tables(planned, [...entries.values()], search);
  return [run(planned, entries.get(planned.entry)!, search)];
}

/** The reason why there is no result, without the place in the file, so that all files give the same text. */
const reasonOf = (error: BadOperation): string =>
  error.message.replace(/^\S+\.ya?ml: (?:line \d+ )?(?:steps\[\d+\]: )?/, '');

function run(planned: PlannedRun, entry: Entry, search: ThreadsSearch): RunRecord {
  const about = placeOf(planned, entry);
  try {
    return {
      ...about,
      ...cameTo(checkEntry(entry, planned.release, { ...search, variation: variationOf(planned, entry) })),
      ...(planned.boot_memory ? { token: null } : {}),
    };
  } catch (error) {
    if (error instanceof BadOperation) return { ...about, ...nothing(reasonOf(error)) };
    if (error instanceof NotApplicable || error instanceof NoSuchGeometry)
      return { ...about, ...nothing(error.message) };
    throw error;
  }
}

const shapeOf = ({
  page_size,
  va_bits = 48,
}: {
  readonly page_size: number;
  readonly va_bits?: number;
}): Shape => ({
  page_size,
  va_bits,
});

const isOwn = (entry: Entry, shape: Shape): boolean => {
  if (entry.kind === 'memmap') return true;
  const own = shapeOf(entry.scenario.machine);
  return own.page_size === shape.page_size && own.va_bits === shape.va_bits;
};

/** The variation of a run; empty if the machine is the entry's own. */
function variationOf({ shape, release, boot_memory }: PlannedRun, entry: Entry): Variation {
  if (shape === null) return {};
  if (!boot_memory) return isOwn(entry, shape) ? {} : { geometry: shape };
  const layout = findRelease(release)!.constants.layout;
  return {
    geometry: shape,
    memory: memoryForSharedTable(shape, layout, boot_memory),
    permanent_mappings: true,
  };
}

function placeOf({ entry: id, release, shape, boot_memory }: PlannedRun, entry: Entry) {
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
    layout: arm64 ? findRelease(release)!.constants.layout : null,
    as_written: shape === null || (isOwn(entry, shape) && !boot_memory),
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
  token: null,
} as const;

const nothing = (reason: string) => ({ ...NOTHING, verdict: 'n/a' as const, reason });

const cameTo = ({ verdict, failure, reason, within, states, steps, told }: Checked) => ({
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
  token: told?.kind === 'threads' ? told.token : null,
});

function tables(
  { shape, layout }: PlannedTables,
  entries: readonly Entry[],
  search: ThreadsSearch,
): (TableRecord | NoTablesRecord)[] {
  const none = (reason: string): NoTablesRecord[] => [{ kind: 'no_shared_table', ...shape, layout, reason }];
  try {
    const found = sharedTableFates(shape, layout);
    if (found.length === 0) return none('the memmap shares no table below the root');
    return found.map((fate) => table(fate, fate.fate === 'freed' ? races(fate, entries, search) : []));
  } catch (error) {
    if (error instanceof NotApplicable || error instanceof NoSuchGeometry) return none(error.message);
    throw error;
  }
}

function races(fate: SharedTableFate, entries: readonly Entry[], search: ThreadsSearch): string[] {
  if (!fate.regions.includes('vmalloc')) return [];
  return entries.filter(aboutASharedTable).map((entry) => {
    const { verdict, told } = onV5(entry, fate, search);
    const n = told?.kind === 'threads' ? told.preemptions : 0;
    return `${entry.id} ${verdict}${told ? `, ${n} ${n === 1 ? 'preemption' : 'preemptions'}` : ''}`;
  });
}

const table = (fate: SharedTableFate, explored: readonly string[]): TableRecord => ({
  kind: 'shared_table',
  ...fate.shape,
  layout: fate.layout,
  level: fate.level,
  start: vaText(fate.start),
  end: vaText(fate.end),
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
