import { expect, test } from 'vitest';
import { fibBench } from '../programs/classics.ts';
import { explore, exploreTraces, statesSearch, tracesSearch } from './explore.ts';

// Of what a search holds, the threads unfolded are the most in mode traces, where states are forgotten at once.

test('a search counts the threads it has unfolded, and all that grows in mode traces', () => {
  for (const search of [statesSearch(fibBench(4)), tracesSearch(fibBench(4))]) {
    const before = search.bytes;
    search.run();
    const { system } = search;
    expect(search.bytes - before).toBeGreaterThan(500 * system.nodes.size * 0.9);
    expect(search.bytes).toBeGreaterThan(system.bytes);
  }
});

test('the bound on memory stops both modes', () => {
  const bounds = { maxMemory: 2 ** 21 };
  for (const verdict of [explore(fibBench(30), { bounds }), exploreTraces(fibBench(30), { bounds })]) {
    expect(verdict).toMatchObject({ verdict: 'undecided', bound: 'memory' });
    expect(verdict.stats.bytes).toBeLessThan(2 ** 23);
  }
});
