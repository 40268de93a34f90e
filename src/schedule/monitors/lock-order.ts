import type { Failure } from '../../steps/failure.ts';
import type { Monitor } from './monitor.ts';

interface Edge {
  readonly held: string;
  readonly lock: string;
  readonly thread: string;
}

/**
 * Locks must be taken in a consistent order. A lock taken while another is held orders the two. A cycle in the orders
 * seen so far, in any thread and any interleaving, is a possible deadlock.
 */
export function lockOrder(): Monitor {
  let edges: Edge[] = [];
  return {
    name: 'lock-order',
    acquire(thread, lock, held) {
      for (const h of held) {
        if (edges.some((e) => e.held === h && e.lock === lock)) continue;
        const back = path(edges, lock, h);
        edges.push({ held: h, lock, thread });
        if (back !== undefined) return cycle([{ held: h, lock, thread }, ...back]);
      }
      return undefined;
    },
    memory: {
      load: (data) => {
        edges = data === undefined ? [] : (data as Edge[]).slice();
      },
      save: () => edges,
    },
  };
}

/** The shortest chain of orders from one lock to another. */
function path(edges: readonly Edge[], from: string, to: string): Edge[] | undefined {
  if (from === to) return [];
  const reached = new Map<string, Edge[]>([[from, []]]);
  for (const [lock, way] of reached) {
    for (const e of edges) {
      if (e.held !== lock || reached.has(e.lock)) continue;
      if (e.lock === to) return [...way, e];
      reached.set(e.lock, [...way, e]);
    }
  }
  return undefined;
}

function cycle(edges: readonly Edge[]): Failure {
  const links = edges.map((e) => `${e.thread} takes ${e.lock} while it holds ${e.held}`);
  return {
    kind: 'lock-order',
    subjects: {
      threads: edges.map(({ thread }) => thread),
      locks: edges.map(({ lock }) => lock),
      held: edges.map(({ held }) => held),
    },
    text: `locks are taken in a circle: ${links.join('; ')}`,
  };
}
