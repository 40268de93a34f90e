import type { Tinypool } from 'tinypool';
import { InputError } from '../../errors/input-error.ts';
import { type DesignRow, designJson, designStatus, designText } from '../../report/check/design-text.ts';
import type { Bounds } from '../../schedule/replay/verdict.ts';
import { type Bundle, bundleDesign } from '../files/design-bundle.ts';
import type { Listed } from '../inputs/catalogue.ts';
import { progress } from '../progress.ts';
import { notRefused, type Refused } from '../refused.ts';
import { interruptible } from '../stop.ts';
import type {
  BaseDone,
  BaseTask,
  DesignDone,
  DesignTask,
  Loaded,
  LoadTask,
} from '../workers/design-worker.ts';
import { withPool } from '../workers/pool.ts';

export interface DesignFlags {
  readonly mode: 'states' | 'traces';
  readonly bounds: Bounds;
  readonly threads: number;
  readonly json: boolean;
  /** Whether to print the stories. */
  readonly stories: boolean;
}

/** The default time limit of a search, in seconds. */
const SEARCH = 60;
/** Seconds beyond the limit after which a worker is terminated. */
const GRACE = 10;

type Task = LoadTask | BaseTask | DesignTask;

/** A worker that was terminated, or that terminated itself. */
class Ended extends Error {}

async function within<T>(pool: Tinypool, task: Task, seconds: number, stop: AbortSignal): Promise<T> {
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), seconds * 1000);
  try {
    return (await pool.run(task, { signal: AbortSignal.any([late.signal, stop]) })) as T;
  } catch (error) {
    if (stop.aborted) throw error;
    if (late.signal.aborted) throw new Ended(`does not end within ${seconds} s`);
    throw new Ended(`ended the run: ${(error as Error).message}`);
  } finally {
    clearTimeout(timer);
  }
}

const THE_DESIGN = 'the design';

/**
 * Checks whether a user's design fails in any scenario that calls the functions it replaces. Returns the exit status.
 */
export function checkDesignFile(
  file: string,
  listed: readonly Listed[],
  flags: DesignFlags,
): Promise<number> {
  const limit = flags.bounds.maxTime ?? SEARCH;
  const search = { mode: flags.mode, bounds: { ...flags.bounds, maxTime: limit } };
  return interruptible(async (stop) => {
    const bundle = await bundleDesign(file);
    return withPool('design-worker', flags.threads, async (pool) => {
      const loaded = await load(pool, file, bundle, limit + GRACE, stop);
      if (loaded === undefined) return interrupted();
      const rows: (DesignRow | undefined)[] = listed.map(() => undefined);
      const told = progress(listed.length);
      let next = 0;
      let ended = 0;
      const rowOf = async ({ entry, text }: Listed): Promise<DesignRow | undefined> => {
        if (entry.kind === 'memmap') return undefined;
        const head = { id: entry.id, title: entry.title };
        const scenario = { bundle, text, file: entry.file, ...search };
        const running = new Int32Array(new SharedArrayBuffer(4));
        const base: BaseTask = { what: 'base', ...scenario };
        const found = await orEnded(within<BaseDone | Refused>(pool, base, limit * 2 + GRACE, stop));
        if (found instanceof Ended) return { ...head, ...undecidedBase(found) };
        const done = notRefused(found);
        if (!done.base) return undefined;
        const task: DesignTask = {
          what: 'design',
          ...scenario,
          base: done.base,
          returns: done.returns,
          running,
        };
        const design = await orEnded(within<DesignDone>(pool, task, limit + GRACE, stop));
        const name = loaded.replaced[running[0]! - 1] ?? THE_DESIGN;
        return {
          ...head,
          calls: done.calls,
          base: done.base,
          design: design instanceof Ended ? stopped(`${name} ${design.message}`) : design,
        };
      };
      const lane = async (): Promise<void> => {
        while (next < listed.length && !stop.aborted) {
          const i = next++;
          try {
            rows[i] = await rowOf(listed[i]!);
          } catch (error) {
            if (!stop.aborted) throw error;
            return;
          }
          ended++;
          told(`${listed[i]!.entry.id} ${rows[i]?.design.verdict ?? 'calls none of it'}`);
        }
      };
      await Promise.all(Array.from({ length: flags.threads }, lane));
      const whole = rows.filter((row) => row !== undefined);
      const report = { file, ...loaded, scenarios: listed.length, ended, rows: whole };
      process.stdout.write(
        flags.json ? `${JSON.stringify(designJson(report), null, 2)}\n` : designText(report, flags.stories),
      );
      return ended === listed.length ? designStatus(whole) : interrupted();
    });
  });
}

function interrupted(): 3 {
  process.stderr.write('mhp: interrupted\n');
  return 3;
}

/** Undefined if it was interrupted. */
async function load(
  pool: Tinypool,
  file: string,
  bundle: Bundle,
  seconds: number,
  stop: AbortSignal,
): Promise<Loaded | undefined> {
  let loaded: Loaded | { readonly bad: string };
  try {
    loaded = await within(pool, { what: 'load', bundle }, seconds, stop);
  } catch (error) {
    if (stop.aborted) return undefined;
    if (!(error instanceof Ended)) throw error;
    throw new InputError(file, '', `its loading ${error.message}`);
  }
  if ('bad' in loaded) throw new InputError(file, '', loaded.bad);
  return loaded;
}

async function orEnded<T>(run: Promise<T>): Promise<T | Ended> {
  try {
    return await run;
  } catch (error) {
    if (error instanceof Ended) return error;
    throw error;
  }
}

const NOTHING = { failure: null, within: [], states: 0, steps: 0, story: null };

const stopped = (reason: string): DesignDone => ({ ...NOTHING, verdict: 'stopped', reason });

/** The row of a scenario that did not end on the base: what it calls is unknown. */
function undecidedBase({ message }: Ended): Pick<DesignRow, 'calls' | 'base' | 'design'> {
  const undecided = { ...NOTHING, verdict: 'undecided' as const, reason: message };
  return { calls: [], base: undecided, design: undecided };
}
