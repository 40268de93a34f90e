import type { KernelWorld } from '../interleave/kernel-machine.ts';
import { withLockNames } from '../interleave/lock-names.ts';
import type { Config } from '../kernel/config.ts';
import type { Release } from '../releases/define.ts';
import { interleaving, placeOf } from '../scenarios/interleaved/interleaving.ts';
import type { Monitor } from '../schedule/monitors/monitor.ts';
import type { Program } from '../schedule/program/program.ts';
import type { Bounds } from '../schedule/replay/verdict.ts';
import { explore } from '../schedule/search/exploration.ts';
import type { Watch } from '../schedule/search/pace.ts';
import type { Search as Searching } from '../schedule/search/search.ts';
import type { Failure } from '../steps/failure.ts';
import type { Checked, Told } from './checked.ts';
import type { ThreadsEntry } from './entry.ts';
import { asWritten, describes, isMeant } from './meant.ts';
import { namedMonitor, threadMonitors } from './monitors.ts';
import { TOLD_SUBJECTS, told } from './told-subjects.ts';
import { programName, type Variation, variedLayout, variedMachine } from './variation.ts';

export interface ThreadsSearch {
  readonly mode?: 'states' | 'traces';
  readonly bounds?: Bounds;
  readonly watch?: Watch;
  /** Look only for the failure that the entry names. */
  readonly named_only?: boolean;
  /** Look first for the failure that the entry names, on any release. */
  readonly named_first?: boolean;
}

export interface Watched {
  readonly program: Program;
  readonly monitors: readonly Monitor[];
  readonly c: Config;
}

/** The threads of an entry on a release, and their monitors. */
export function watched(
  { program: known, scenario, failure }: ThreadsEntry,
  release: Release,
  variation: Variation,
): Watched {
  const own = placeOf(scenario);
  const machine = variedMachine(scenario.machine, variation);
  const varied =
    variation.geometry || variation.layout
      ? {
          machine,
          layout: variedLayout(machine, variation),
          permanent_mappings: variation.permanent_mappings ?? false,
        }
      : own;
  const place = { ...varied, runs: variation.runs ?? false };
  const name = programName(known, release.name, variation);
  const { model, program } = interleaving(name, scenario, release, place);
  const { c } = model.kernel;
  const monitors = threadMonitors(model.state, c, {
    kind: failure?.kind,
    partial: scenario.interleaved!.partial,
  });
  return { program, monitors, c };
}

/** Whether a failure may be the one that the entry names, judged before its story is told. */
export const mayBeMeant =
  ({ failure }: Pick<ThreadsEntry, 'failure'>) =>
  (found: Failure): boolean =>
    failure !== null && describes(failure, found, TOLD_SUBJECTS);

type Outcome = Pick<Checked, 'verdict' | 'failure' | 'reason' | 'within' | 'states' | 'steps' | 'told'>;

/**
 * A search that has seen as many states without a preemption follows threads that take very many steps: those of tables
 * with thousands of entries.
 */
const LONG = 10_000;

/**
 * Searches every interleaving: first for the failure that the entry names, if it may occur here, then for any failure. If
 * the threads are too long for that, runs of entries are changed in one step: then not all interleavings are covered.
 */
export function checkThreads(
  entry: ThreadsEntry,
  release: Release,
  variation: Variation,
  search: ThreadsSearch,
): Outcome {
  const exact = searched(entry, release, variation, search, LONG);
  if (exact) return exact;
  const byRuns = searched(entry, release, { ...variation, runs: true }, search, Infinity)!;
  return byRuns.verdict === 'clean' ? { ...byRuns, within: [...byRuns.within, 'runs'] } : byRuns;
}

/** Null if the threads are too long: if so many states are seen without a preemption. */
function searched(
  entry: ThreadsEntry,
  release: Release,
  variation: Variation,
  search: ThreadsSearch,
  long: number,
): Outcome | null {
  const { program, monitors, c } = watched(entry, release, variation);
  const { failure } = entry;
  const stop = new AbortController();
  const watch: Watch = {
    ...search.watch,
    signal: stop.signal,
    progress: (progress) => {
      search.watch?.progress?.(progress);
      if (progress.states > long && progress.preemptions === 0) stop.abort();
    },
  };
  const searching = (of: readonly Monitor[]): Searching => {
    const exploration = explore(program)
      .only(...of)
      .bound(search.bounds ?? {})
      .watch(search.mode === 'traces' ? (search.watch ?? {}) : watch);
    return search.mode === 'traces' ? exploration.traces() : exploration.states();
  };
  const decided = (of: Searching): Outcome | null => {
    of.verdict();
    return stop.signal.aborted ? null : outcome(entry, of, c);
  };
  const cured = asWritten(variation) && entry.fixed.includes(release.name);
  const named =
    failure && (!cured || search.named_only || search.named_first)
      ? namedMonitor(monitors, failure.kind, mayBeMeant(entry))
      : undefined;
  if (named) {
    const found = searching([named]);
    if (found.verdict().verdict !== 'proved' || search.named_only) return decided(found);
  }
  return decided(searching(monitors));
}

function outcome(entry: ThreadsEntry, search: Searching, c: Config): Outcome {
  const verdict = search.verdict();
  const { states, transitions: steps } = verdict.stats;
  const none = { failure: null, reason: null, within: [], states, steps, told: null };
  if (verdict.verdict === 'undecided') return { ...none, verdict: 'undecided', reason: verdict.bound };
  if (verdict.verdict === 'proved') return { ...none, verdict: 'clean', within: verdict.within };
  const { kind, subjects, text } = verdict.violation;
  const story = search.story();
  const { state } = story.end.world<KernelWorld>();
  const failure = told({ kind, subjects, text: withLockNames(state, text) }, story, c);
  const way: Told = {
    kind: 'threads',
    story,
    token: search.token(),
    preemptions: verdict.preemptions,
  };
  return { ...none, verdict: isMeant(entry, failure) ? 'found' : 'other', failure, told: way };
}
