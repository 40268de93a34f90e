import { expect, test } from 'vitest';
import { standardMonitors } from '../monitors/index.ts';
import { fibBench } from '../programs/classics.ts';
import { explore } from './exploration.ts';
import { statesSearch, tracesSearch } from './question.ts';

// In mode traces states are forgotten at once, so unfolded threads take most of the memory.

test('a search counts the threads it has unfolded, and all that grows in mode traces', () => {
  const program = fibBench(4);
  const question = { program, monitors: standardMonitors, bounds: {}, reduce: true, forget: true };
  for (const search of [statesSearch(question), tracesSearch(question)]) {
    const before = search.bytes;
    search.run();
    const { system } = search;
    expect(search.bytes - before).toBeGreaterThan(500 * system.nodes.size * 0.9);
    expect(search.bytes).toBeGreaterThan(system.bytes);
  }
});

test('the bound on memory stops both modes', () => {
  const bounded = explore(fibBench(30)).bound({ maxMemory: 2 ** 21 });
  for (const search of [bounded.states(), bounded.traces()]) {
    const verdict = search.verdict();
    expect(verdict).toMatchObject({ verdict: 'undecided', bound: 'memory' });
    expect(verdict.stats.bytes).toBeLessThan(2 ** 23);
  }
});
