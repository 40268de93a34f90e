import { storyData } from '../../../src/report/data/story-data.ts';
import { askText } from '../../../src/report/run/step-text.ts';
import type { Program } from '../../../src/schedule/program/program.ts';
import { findProgram } from '../../../src/schedule/programs/built-in.ts';
import type { Exploration } from '../../../src/schedule/search/exploration.ts';
import type { Watch } from '../../../src/schedule/search/pace.ts';
import { stateText } from '../../../src/schedule/semantics/state-text.ts';
import type { System } from '../../../src/schedule/semantics/system.ts';
import { systemOf } from '../../../src/schedule/semantics/system-of.ts';
import type { ExploreAnswer, Graph, GraphNode } from './protocol.ts';

/** A graph of more states is not drawn. */
const MOST_NODES = 120;
const MOST_STATES = 2_000_000;

/** The next step of each thread, and the shared data. */
function textOf(system: System, v: Int32Array): string {
  const [threads, data] = JSON.parse(stateText(system, v)) as [[name: string, status: string][], object];
  const next = threads.map(([name, status], t) => {
    const step = system.nodes.step[v[t]!];
    return `${name}: ${step ? askText(step) : 'ended'}${status === 'blocked' ? ' (waits)' : ''}`;
  });
  const shared = Object.entries(data).map(
    ([key, value]) => `${key.replace(/^field /, '')}: ${JSON.stringify(value)}`,
  );
  return [...next, ...shared].join('\n').slice(0, 600);
}

function endOf(system: System, v: Int32Array): GraphNode['end'] {
  if (system.enabled(v) !== 0) return null;
  return system.program.threads.every((_, t) => system.nodes.step[v[t]!] === undefined) ? 'ended' : 'stuck';
}

/** All states of a small program, by the fewest steps that lead to each; null if they are too many. */
export function graphOf(program: Program): Graph | null {
  const system = systemOf(program);
  const ids = new Map<string, number>();
  const nodes: GraphNode[] = [];
  const edges: Graph['edges'][number][] = [];
  const queue: Int32Array[] = [];
  const add = (v: Int32Array, depth: number): number => {
    const key = v.join().replace(/(,0)+$/, '');
    const known = ids.get(key);
    if (known !== undefined) return known;
    const id = nodes.length;
    ids.set(key, id);
    nodes.push({ id, depth, text: textOf(system, v), end: endOf(system, v) });
    queue.push(v);
    return id;
  };
  add(system.initial(), 0);
  for (let at = 0; at < queue.length; at++) {
    let v: Int32Array = queue[at]!;
    for (let t = 0; t < system.threads; t++) {
      if ((system.enabled(v) & (1 << t)) === 0) continue;
      const step = system.nodes.step[v[t]!];
      const outcomes = system.outcomes(v, t, v[t]!);
      for (let outcome = 0; outcome < outcomes; outcome++) {
        if (system.width > v.length) v = wide(v, system.width);
        let next: Int32Array = v.slice();
        system.perform(next, t, outcome);
        if (system.width > next.length) next = wide(next, system.width);
        const to = add(next, nodes[at]!.depth + 1);
        edges.push({ from: at, to, thread: program.threads[t]!.name, text: step ? askText(step) : 'ends' });
        if (nodes.length > MOST_NODES) return null;
      }
    }
  }
  return { nodes, edges };
}

function wide(v: Int32Array, width: number): Int32Array {
  const more = new Int32Array(width);
  more.set(v);
  return more;
}

/** Every interleaving of a program, within a bound. */
export function explored(exploration: Exploration, watch: Watch): ExploreAnswer {
  const search = exploration.bound({ maxStates: MOST_STATES }).watch(watch).states();
  const verdict = search.verdict();
  const { states, transitions, steps } = verdict.stats;
  const violated = verdict.verdict === 'violated';
  return {
    program: exploration.program.name,
    verdict: verdict.verdict,
    counts: `${states} states, ${transitions} transitions, up to ${steps} steps`,
    violation: violated ? `${verdict.violation.kind}: ${verdict.violation.text}` : null,
    story: violated ? storyData(search.story(), search.token()) : null,
    graph: graphOf(exploration.program),
  };
}

/** Explores a built-in program. @throws UnknownProgram */
export const exploreProgram = (text: string, watch: Watch): ExploreAnswer =>
  explored(findProgram(text), watch);
