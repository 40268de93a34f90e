import type { Failure } from '../../steps/failure.ts';
import { alike_key } from '../alike.ts';
import type { Entry } from '../entry.ts';
import { is_meant } from '../meant.ts';
import { geometry_text } from '../variation.ts';
import type { CampaignRecord, NoTablesRecord, RunRecord, TableRecord } from './record.ts';

/** An entry on a release. */
export interface OnRelease {
  readonly release: string;
  /** Configurations in which it applies, and in which its failure shows. */
  readonly applies: number;
  readonly found: number;
  /** Geometries in which it shows; empty where it has but one. */
  readonly geometries: readonly string[];
}

export interface EntrySummary {
  readonly entry: string;
  readonly title: string;
  readonly applies: number;
  readonly found: number;
  readonly undecided: number;
  /** Other entries that describe the failure that shows as well: it may be theirs. */
  readonly same_as: readonly string[];
  /** Only releases on which it shows. */
  readonly releases: readonly OnRelease[];
}

/** Failures that are not their entry's, and are alike. */
export interface OtherFailure {
  readonly kind: string;
  readonly text: string;
  readonly runs: number;
  readonly entries: readonly string[];
  readonly same_as: readonly string[];
}

/** The race of V5 with vmalloc in one layout and geometry. */
export interface RaceSummary {
  readonly layout: string;
  readonly geometry: string;
  readonly outcome: 'reachable' | 'hidden' | 'no shared table' | 'n/a';
  /** The smallest table that vmemmap and vmalloc share. */
  readonly level: string | null;
  /** Where boot memory must lie for it: bytes above memstart_addr that hold none; null where it cannot be reached. */
  readonly free_below: number | null;
  /** Who keeps the table, with boot memory low and high. */
  readonly low: readonly string[];
  readonly high: readonly string[];
  readonly races: readonly string[];
  readonly reason: string | null;
}

export interface Summary {
  readonly runs: number;
  readonly verdicts: Readonly<Record<string, number>>;
  /** Entries that did not come out as they say of a release, in their own configuration. */
  readonly not_as_said: readonly RunRecord[];
  readonly entries: readonly EntrySummary[];
  readonly races: readonly RaceSummary[];
  /** The other tables of the memmap: none with vmalloc. */
  readonly tables: readonly TableRecord[];
  readonly latest: {
    readonly release: string;
    readonly entries: readonly (OnRelease & {
      readonly entry: string;
      readonly title: string;
      readonly why: string;
    })[];
  };
  readonly others: readonly OtherFailure[];
}

const LATEST = 'v7.2';

const geometry_of = ({
  page_size,
  va_bits,
}: {
  readonly page_size: number;
  readonly va_bits: number | null;
}): string => geometry_text({ page_size, va_bits: va_bits ?? 0 });

const failure_of = ({ failure_kind, failure_subjects, failure_text }: RunRecord): Failure | null =>
  failure_kind === null || failure_subjects === null
    ? null
    : { kind: failure_kind, subjects: failure_subjects, text: failure_text ?? '' };

/** Other entries that describe the failure of this run. */
export function same_as(record: RunRecord, entries: readonly Entry[]): readonly string[] {
  const failure = failure_of(record);
  if (failure === null) return [];
  return entries.filter((other) => other.id !== record.entry && is_meant(other, failure)).map(({ id }) => id);
}

const unique = <T>(values: readonly T[]): T[] => [...new Set(values)];

function on_release(release: string, runs: readonly RunRecord[]): OnRelease {
  const found = runs.filter(({ verdict }) => verdict === 'found');
  const one = new Set(runs.map(geometry_of)).size < 2;
  return {
    release,
    applies: runs.filter(({ verdict }) => verdict !== 'n/a').length,
    found: found.length,
    geometries: one ? [] : unique(found.map(geometry_of)),
  };
}

function entry_summary({ id, title }: Entry, all: readonly RunRecord[]): EntrySummary {
  const runs = all.filter((run) => run.entry === id);
  const releases = unique(runs.map(({ release }) => release)).map((release) =>
    on_release(
      release,
      runs.filter((run) => run.release === release),
    ),
  );
  return {
    entry: id,
    title,
    applies: releases.reduce((sum, { applies }) => sum + applies, 0),
    found: releases.reduce((sum, { found }) => sum + found, 0),
    undecided: runs.filter(({ verdict }) => verdict === 'undecided').length,
    same_as: unique(runs.filter(({ verdict }) => verdict === 'found').flatMap((run) => run.same_as)),
    releases: releases.filter(({ found }) => found > 0),
  };
}

const shares_vmalloc = ({ regions }: TableRecord): boolean => regions.includes('vmalloc');

function race_summary(tables: readonly TableRecord[]): RaceSummary {
  const { layout } = tables[0]!;
  const shared = tables.filter(shares_vmalloc);
  const none = {
    layout,
    geometry: geometry_of(tables[0]!),
    level: null,
    free_below: null,
    low: [],
    high: [],
    races: [],
    reason: null,
  };
  const last = shared.at(-1);
  if (!last) return { ...none, outcome: 'no shared table' };
  const smallest = shared.filter(({ level, start }) => level === last.level && start === last.start);
  const freed = smallest.filter(({ fate }) => fate === 'freed');
  const kept = (place: string): readonly string[] =>
    smallest.find(({ boot_memory }) => boot_memory === place)?.kept_by ?? [];
  return {
    ...none,
    outcome: freed.length > 0 ? 'reachable' : 'hidden',
    level: last.level,
    free_below:
      freed.length === 0 ? null : freed.some(({ boot_memory }) => boot_memory === 'low') ? 0 : last.reach,
    low: kept('low'),
    high: kept('high'),
    races: unique(freed.flatMap(({ races }) => races)),
  };
}

function races_of(records: readonly (TableRecord | NoTablesRecord)[]): RaceSummary[] {
  const places = unique(records.map(({ layout, page_size, va_bits }) => `${layout} ${page_size} ${va_bits}`));
  return places.map((place) => {
    const here = records.filter(
      ({ layout, page_size, va_bits }) => place === `${layout} ${page_size} ${va_bits}`,
    );
    const [first] = here;
    if (first!.kind === 'shared_table') return race_summary(here as TableRecord[]);
    const { layout, reason } = first!;
    const nothing = reason.includes('shares no table');
    return {
      layout,
      geometry: geometry_of(first!),
      outcome: nothing ? 'no shared table' : 'n/a',
      level: null,
      free_below: null,
      low: [],
      high: [],
      races: [],
      reason: nothing ? null : reason,
    };
  });
}

function others_of(runs: readonly RunRecord[]): OtherFailure[] {
  const groups = new Map<string, RunRecord[]>();
  for (const run of runs) {
    if (run.verdict !== 'other') continue;
    const key = alike_key(failure_of(run)!);
    const group = groups.get(key);
    if (group) group.push(run);
    else groups.set(key, [run]);
  }
  return [...groups.values()]
    .map((group) => ({
      kind: group[0]!.failure_kind!,
      text: group[0]!.failure_text!,
      runs: group.length,
      entries: unique(group.map(({ entry }) => entry)),
      same_as: unique(group.flatMap((run) => run.same_as)),
    }))
    .sort((a, b) => b.runs - a.runs);
}

/** Up to the first full stop that ends a sentence. */
const first_sentence = (text: string): string => /^.*?\.(?=\s|$)/s.exec(text)?.[0] ?? text;

const is_run = (record: CampaignRecord): record is RunRecord => record.kind === 'run';

/** What a campaign says, from its records in their order. */
export function summarize(records: readonly CampaignRecord[], entries: readonly Entry[]): Summary {
  const runs = records.filter(is_run);
  const tables = records.filter((record) => !is_run(record)) as (TableRecord | NoTablesRecord)[];
  const ran = entries.filter(({ id }) => runs.some(({ entry }) => entry === id));
  const summaries = ran.map((entry) => entry_summary(entry, runs));
  const verdicts: Record<string, number> = {};
  for (const { verdict } of runs) verdicts[verdict] = (verdicts[verdict] ?? 0) + 1;
  return {
    runs: runs.length,
    verdicts,
    not_as_said: runs.filter(
      ({ said, as_written, verdict }) =>
        as_written &&
        said !== null &&
        verdict !== 'undecided' &&
        (said === 'fails' && verdict !== 'found' ? true : said === 'fixed' && verdict !== 'clean'),
    ),
    entries: summaries,
    races: races_of(tables),
    tables: tables.filter((record) => record.kind === 'shared_table'),
    latest: {
      release: LATEST,
      entries: summaries.flatMap(({ entry, title, releases }) => {
        const there = releases.find(({ release }) => release === LATEST);
        const why = ran.find(({ id }) => id === entry)!.why ?? '';
        return there ? [{ ...there, entry, title, why: first_sentence(why) }] : [];
      }),
    },
    others: others_of(runs),
  };
}
