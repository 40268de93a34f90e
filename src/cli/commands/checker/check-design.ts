import type { DesignRow, DesignRun } from '../../../report/check/design-row.ts';
import {
  type DesignReport,
  designJson,
  designStatus,
  designText,
} from '../../../report/check/design-text.ts';
import type { Bounds } from '../../../schedule/replay/verdict.ts';
import type { Ended } from '../../confined/confined-process.ts';
import { type Designs, openDesigns } from '../../confined/open-designs.ts';
import type { BaseDone, DesignTask, SentEntry } from '../../confined/tasks.ts';
import { saveWhole } from '../../files/output.ts';
import type { Listed } from '../../inputs/catalogue.ts';
import { progress } from '../../progress.ts';
import { interruptible } from '../../stop.ts';

export interface DesignFlags {
  readonly mode: 'states' | 'traces';
  readonly bounds: Bounds;
  readonly threads: number;
  readonly json: boolean;
  /** Whether scenarios were named: if it is only one, its story is printed. */
  readonly named: boolean;
  /** The file for the first story. */
  readonly timeline: string | undefined;
}

/** The default time limit of a search, in seconds. */
const SEARCH = 60;
/** Seconds beyond the limit after which a run is ended. */
const GRACE = 10;
/** Seconds in which designs have to load. */
const LOADING = 5;
/** Bytes that a process may use at most: searches of the catalogue use far less. */
const MOST_MEMORY = 2 ** 32;
/** Bytes of a process besides those of a search. */
const PROGRAM = 2 ** 29;

interface Searching {
  readonly designs: Designs;
  /** Seconds of a search. */
  readonly limit: number;
  readonly search: Pick<DesignTask, 'mode' | 'bounds' | 'timeline'>;
  readonly stop: AbortSignal;
}

/** A row, and its story as a timeline. */
interface Came {
  readonly row: DesignRow;
  readonly timeline: unknown;
}

/**
 * Checks whether designs, each on the one before it, fail in any scenario that calls the functions they replace. Returns
 * the exit status.
 */
export function checkDesignFiles(
  files: readonly string[],
  listed: readonly Listed[],
  flags: DesignFlags,
): Promise<number> {
  const limit = flags.bounds.maxTime ?? SEARCH;
  const search = {
    mode: flags.mode,
    bounds: { ...flags.bounds, maxTime: limit },
    timeline: flags.timeline !== undefined,
  };
  return interruptible(async (stop) => {
    const designs = await openDesigns(files, {
      processes: Math.max(1, Math.min(flags.threads, listed.length)),
      memory: Math.min((flags.bounds.maxMemory ?? 2 ** 30) + PROGRAM, MOST_MEMORY),
      seconds: LOADING,
      stop,
    });
    try {
      const came = await rowsOf(listed, flags.threads, { designs, limit, search, stop });
      const ended = came.filter((one) => one !== undefined).length;
      const whole = came.filter((one) => one !== undefined && one !== null);
      const rows = whole.map(({ row }) => row);
      const report: DesignReport = { files, ...designs.loaded, scenarios: listed.length, ended, rows };
      const stories = flags.named && listed.length === 1;
      process.stdout.write(
        flags.json ? `${JSON.stringify(designJson(report), null, 2)}\n` : designText(report, stories),
      );
      if (flags.timeline !== undefined) saveTimeline(flags.timeline, whole);
      if (ended === listed.length) return designStatus(rows);
      process.stderr.write(`mhp: interrupted after ${ended} of ${listed.length} scenarios\n`);
      return 64;
    } finally {
      designs.close();
    }
  });
}

function saveTimeline(path: string, whole: readonly Came[]): void {
  const told = whole.find(({ timeline }) => timeline !== null);
  if (told) saveWhole(path, `${JSON.stringify(told.timeline)}\n`);
  else process.stderr.write(`mhp: there is no story: ${path} is not written\n`);
}

/** By scenario: null if it calls nothing of what is replaced, undefined if an interruption came before its end. */
async function rowsOf(
  listed: readonly Listed[],
  threads: number,
  searching: Searching,
): Promise<(Came | null | undefined)[]> {
  const rows: (Came | null | undefined)[] = listed.map(() => undefined);
  const told = progress(listed.length);
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < listed.length && !searching.stop.aborted) {
      const i = next++;
      const row = await rowOf(listed[i]!, searching);
      if (searching.stop.aborted) return;
      rows[i] = row;
      told(`${listed[i]!.entry.id} ${row?.row.design.verdict ?? 'calls none of it'}`);
    }
  };
  await Promise.all(Array.from({ length: threads }, lane));
  return rows;
}

async function rowOf({ entry, text, reading }: Listed, searching: Searching): Promise<Came | null> {
  if (entry.kind === 'memmap') return null;
  const { designs, limit, search } = searching;
  const sent: SentEntry = { text, file: entry.file, own: reading.own ?? false };
  const head = { id: entry.id, title: entry.title };
  const done = await designs.run({ what: 'base', entry: sent, ...search }, limit * 2 + GRACE);
  if ('ended' in done) return { row: { ...head, ...undecidedBase(done) }, timeline: null };
  const { calls, base } = done.answer;
  if (!base) return null;
  const runs: DesignRun[] = [];
  let timeline: unknown = null;
  for (const upTo of designs.loaded.designs.keys()) {
    const ran = await runOf(sent, upTo, done.answer, base, searching);
    runs.push(ran.run ?? runs.at(-1)!);
    timeline = ran.run ? ran.timeline : timeline;
  }
  return { row: { ...head, calls, base, runs, design: runs.at(-1)! }, timeline };
}

async function runOf(
  entry: SentEntry,
  upTo: number,
  { returns }: BaseDone,
  base: DesignTask['base'],
  { designs, limit, search }: Searching,
): Promise<{ run: DesignRun | null; timeline: unknown }> {
  const { name } = designs.loaded.designs[upTo]!;
  const task = { what: 'design', entry, upTo, base, returns, ...search } as const;
  const done = await designs.run(task, limit + GRACE);
  if (!('ended' in done)) return done.answer;
  return { run: stopped(`${done.running ?? name} ${done.ended}`), timeline: null };
}

const NOTHING = { failure: null, within: [], states: 0, steps: 0, story: null, token: null };

const stopped = (reason: string): DesignRun => ({ ...NOTHING, verdict: 'stopped', reason });

/** The row of a scenario that did not end on the base: what it calls is unknown. */
function undecidedBase({ ended }: Ended): Pick<DesignRow, 'calls' | 'base' | 'runs' | 'design'> {
  const undecided: DesignRun = { ...NOTHING, verdict: 'undecided', reason: ended };
  const base = { verdict: 'undecided' as const, failure: null, reason: ended, states: 0 };
  return { calls: [], base, runs: [undecided], design: undecided };
}
