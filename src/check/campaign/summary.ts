import type { Failure } from '../../steps/failure.ts';
import { alikeKey } from '../alike.ts';
import type { Entry } from '../entry.ts';
import { isMeant } from '../meant.ts';
import { geometryText } from '../variation.ts';
import type { CampaignRecord, NoTablesRecord, RunRecord, TableRecord } from './record.ts';

/** The results of an entry on one release. */
export interface OnRelease {
  readonly release: string;
  /** The number of configurations in which it applies, and in which its failure occurs. */
  readonly applies: number;
  readonly found: number;
  /** The geometries in which it occurs; empty if there is only one. */
  readonly geometries: readonly string[];
}

export interface EntrySummary {
  readonly entry: string;
  readonly title: string;
  readonly applies: number;
  readonly found: number;
  readonly undecided: number;
  /** Other entries that describe the failure that occurs as well: it may be theirs. */
  readonly same_as: readonly string[];
  /** Only releases on which it occurs. */
  readonly releases: readonly OnRelease[];
}

/** A group of similar failures that are not the failure of their entry. */
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
  /**
   * Boot memory below this allows the race: the number of bytes above memstart_addr that must hold no boot memory; null
   * if that cannot be reached.
   */
  readonly free_below: number | null;
  /** The regions that keep the table, with boot memory low and high. */
  readonly low: readonly string[];
  readonly high: readonly string[];
  readonly races: readonly string[];
  readonly reason: string | null;
}

export interface CampaignSummary {
  readonly runs: number;
  readonly verdicts: Readonly<Record<string, number>>;
  /** Runs in an entry's own configuration whose result is not the one that the entry states for the release. */
  readonly not_as_said: readonly RunRecord[];
  readonly entries: readonly EntrySummary[];
  readonly races: readonly RaceSummary[];
  /** The memmap's other shared tables: none is shared with vmalloc. */
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

const geometryOf = ({
  page_size,
  va_bits,
}: {
  readonly page_size: number;
  readonly va_bits: number | null;
}): string => geometryText({ page_size, va_bits: va_bits ?? 0 });

const failureOf = ({ failure_kind, failure_subjects, failure_text }: RunRecord): Failure | null =>
  failure_kind === null || failure_subjects === null
    ? null
    : { kind: failure_kind, subjects: failure_subjects, text: failure_text ?? '' };

/** The other entries that describe the failure of this run. */
export function sameAs(record: RunRecord, entries: readonly Entry[]): readonly string[] {
  const failure = failureOf(record);
  if (failure === null) return [];
  return entries.filter((other) => other.id !== record.entry && isMeant(other, failure)).map(({ id }) => id);
}

const unique = <T>(values: readonly T[]): T[] => [...new Set(values)];

function onRelease(release: string, runs: readonly RunRecord[]): OnRelease {
  const found = runs.filter(({ verdict }) => verdict === 'found');
  const one = new Set(runs.map(geometryOf)).size < 2;
  return {
    release,
    applies: runs.filter(({ verdict }) => verdict !== 'n/a').length,
    found: found.length,
    geometries: one ? [] : unique(found.map(geometryOf)),
  };
}

function entrySummary({ id, title }: Entry, all: readonly RunRecord[]): EntrySummary {
  const runs = all.filter((run) => run.entry === id);
  const releases = unique(runs.map(({ release }) => release)).map((release) =>
    onRelease(
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

const sharesVmalloc = ({ regions }: TableRecord): boolean => regions.includes('vmalloc');

function raceSummary(tables: readonly TableRecord[]): RaceSummary {
  const { layout } = tables[0]!;
  const shared = tables.filter(sharesVmalloc);
  const none = {
    layout,
    geometry: geometryOf(tables[0]!),
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

function racesOf(records: readonly (TableRecord | NoTablesRecord)[]): RaceSummary[] {
  const places = unique(records.map(({ layout, page_size, va_bits }) => `${layout} ${page_size} ${va_bits}`));
  return places.map((place) => {
    const here = records.filter(
      ({ layout, page_size, va_bits }) => place === `${layout} ${page_size} ${va_bits}`,
    );
    const [first] = here;
    if (first!.kind === 'shared_table') return raceSummary(here as TableRecord[]);
    const { layout, reason } = first!;
    const nothing = reason.includes('shares no table');
    return {
      layout,
      geometry: geometryOf(first!),
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

function othersOf(runs: readonly RunRecord[]): OtherFailure[] {
  const groups = new Map<string, RunRecord[]>();
  for (const run of runs) {
    if (run.verdict !== 'other') continue;
    const key = `${alikeKey(failureOf(run)!)} ${run.same_as.join(' ')}`;
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

/** The text up to the first full stop that ends a sentence. */
const firstSentence = (text: string): string => /^.*?\.(?=\s|$)/s.exec(text)?.[0] ?? text;

const isRun = (record: CampaignRecord): record is RunRecord => record.kind === 'run';

/** The summary of a campaign from its records, in their order. */
export function summarize(records: readonly CampaignRecord[], entries: readonly Entry[]): CampaignSummary {
  const runs = records.filter(isRun);
  const tables = records.filter((record) => !isRun(record)) as (TableRecord | NoTablesRecord)[];
  const ran = entries.filter(({ id }) => runs.some(({ entry }) => entry === id));
  const summaries = ran.map((entry) => entrySummary(entry, runs));
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
    races: racesOf(tables),
    tables: tables.filter((record) => record.kind === 'shared_table'),
    latest: {
      release: LATEST,
      entries: summaries.flatMap(({ entry, title, releases }) => {
        const there = releases.find(({ release }) => release === LATEST);
        const why = ran.find(({ id }) => id === entry)!.why ?? '';
        return there ? [{ ...there, entry, title, why: firstSentence(why) }] : [];
      }),
    },
    others: othersOf(runs),
  };
}
