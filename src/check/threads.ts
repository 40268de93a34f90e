import type { Release } from '../releases/define.ts';
import { interleaving, place_of } from '../scenarios/interleaved/program.ts';
import type { Monitor } from '../schedule/monitors/monitor.ts';
import type { Program } from '../schedule/program/program.ts';
import type { Bounds } from '../schedule/replay/verdict.ts';
import { explore } from '../schedule/search/exploration.ts';
import type { Watch } from '../schedule/search/pace.ts';
import type { Search as Searching } from '../schedule/search/search.ts';
import type { Checked, Told } from './checked.ts';
import type { ThreadsEntry } from './entry.ts';
import { as_written, type Failure, meant_by } from './meant.ts';
import { named_monitor, thread_monitors } from './monitors.ts';
import { program_name, type Variation, varied_layout, varied_machine } from './variation.ts';

export interface Search {
  readonly mode?: 'states' | 'traces';
  readonly bounds?: Bounds;
  readonly watch?: Watch;
  /** Look for the failure that the entry names and for no other. */
  readonly named_only?: boolean;
  /** Look for the failure that the entry names before any other, on whatever release. */
  readonly named_first?: boolean;
}

export interface Watched {
  readonly program: Program;
  readonly monitors: readonly Monitor[];
}

/** The threads of an entry on a release, and what watches them. */
export function watched(
  { id, scenario, failure }: ThreadsEntry,
  release: Release,
  variation: Variation,
): Watched {
  const own = place_of(scenario);
  const machine = varied_machine(scenario.machine, variation);
  const place =
    variation.geometry || variation.layout
      ? {
          machine,
          layout: varied_layout(machine, variation),
          permanent_mappings: variation.permanent_mappings ?? false,
        }
      : own;
  const name = program_name(id, release.name, variation);
  const { model, program } = interleaving(name, scenario, release, place);
  const monitors = thread_monitors(model.state, model.kernel.c, {
    kind: failure?.kind,
    partial: scenario.interleaved!.partial,
  });
  return { program, monitors };
}

type Outcome = Pick<Checked, 'verdict' | 'failure' | 'reason' | 'within' | 'states' | 'steps' | 'told'>;

/** Every interleaving: first for the failure that the entry names, if it may show here, then for any. */
export function check_threads(
  entry: ThreadsEntry,
  release: Release,
  variation: Variation,
  search: Search,
): Outcome {
  const { program, monitors } = watched(entry, release, variation);
  const { failure } = entry;
  const searching = (of: readonly Monitor[]): Searching => {
    const exploration = explore(program)
      .only(...of)
      .bound(search.bounds ?? {})
      .watch(search.watch ?? {});
    return search.mode === 'traces' ? exploration.traces() : exploration.states();
  };
  const meant = meant_by(entry, release.name, variation);
  const cured = as_written(variation) && entry.fixed.includes(release.name);
  const named =
    failure && (!cured || search.named_only || search.named_first)
      ? named_monitor(monitors, failure, meant)
      : undefined;
  if (named) {
    const found = searching([named]);
    if (found.verdict().verdict !== 'proved' || search.named_only) return outcome(found, meant);
  }
  return outcome(searching(monitors), meant);
}

function outcome(search: Searching, meant: (failure: Failure) => boolean): Outcome {
  const verdict = search.verdict();
  const { states, transitions: steps } = verdict.stats;
  const none = { failure: null, reason: null, within: [], states, steps, told: null };
  if (verdict.verdict === 'undecided') return { ...none, verdict: 'undecided', reason: verdict.bound };
  if (verdict.verdict === 'proved') return { ...none, verdict: 'clean', within: verdict.within };
  const { monitor: kind, text } = verdict.violation;
  const told: Told = {
    kind: 'threads',
    story: search.story(),
    token: search.token(),
    preemptions: verdict.preemptions,
  };
  return { ...none, verdict: meant({ kind, text }) ? 'found' : 'other', failure: { kind, text }, told };
}
