import { describe, expect, test } from 'vitest';
import { standardMonitors } from '../monitors/index.ts';
import type { Program } from '../program/program.ts';
import { explore } from '../search/exploration.ts';
import { reachableTraces } from '../search/reachable.ts';
import * as classics from './classics.ts';

const factorial = (n: number): number => (n < 2 ? 1 : n * factorial(n - 1));
const choose = (n: number, k: number): number => factorial(n) / factorial(k) / factorial(n - k);

const counts: readonly (readonly [Program, number])[] = [
  [classics.readers(2), 4],
  [classics.readers(8), 256],
  [classics.readers(13), 8192],
  [classics.lastzero(5), 64],
  [classics.lastzero(10), 3328],
  ...[2, 5, 14, 43, 144, 523, 2048].map((count, i) => [classics.casrot(i + 2), count] as const),
  ...[2, 3, 4].map((n) => [classics.writersTwice(n), factorial(2 * n) / 2 ** n] as const),
  ...[1, 2, 3, 4, 5].map((n) => [classics.floatingRead(n), factorial(n + 1)] as const),
  ...[1, 2, 3].map((n) => [classics.redundantCo(n), choose(2 * n, n) * choose(2 * n + 2, 2)] as const),
  ...[18, 90, 600, 5160].map((count, i) => [classics.controlFlow(i + 2), count] as const),
  ...[11, 140, 1698, 19605].map((count, i) => [classics.fibBench(i + 1), count] as const),
  ...[1, 2, 3, 4, 5].map((n) => [classics.increments(n), factorial(n)] as const),
  [classics.sb(), 3],
  [classics.mp(), 3],
];

describe('traces mode runs one execution for every Mazurkiewicz trace', () => {
  test.each(counts.map(([program, count]) => [program.name, count, program] as const))(
    '%s: %i',
    (_, count, program) => {
      const found = reachableTraces(program, standardMonitors);
      expect(found.executions).toBe(count);
      expect(found.redundant).toBe(0);
    },
  );
});

describe('states mode reaches what traces mode reaches', () => {
  const small = counts.filter(([, count]) => count <= 1000).map(([p]) => [p.name, p] as const);
  test.each(small)('%s', (_, program) => expect(explore(program).selfCheck().disagreements()).toEqual([]));
});
