import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { racers } from '../schedule/programs/racers.ts';
import type { Verdict } from '../schedule/replay/verdict.ts';
import { explore } from '../schedule/search/exploration.ts';
import { longRun, progressText } from './long-run.ts';

const dir = mkdtempSync(join(tmpdir(), 'mhp-'));
afterAll(() => rmSync(dir, { recursive: true }));
const file = join(dir, 'checkpoint');
const program = explore(racers(3, 5)).only();
const longer = explore(racers(3, 7)).only();
const essence = (v: Verdict) => ({ ...v, stats: { ...v.stats, bytes: 0 } });

test('--max-time 0 stops with a checkpoint, --resume comes to the same verdict and counts', async () => {
  const stopped = await longRun(program.bound({ maxTime: 0 }), { checkpoint: file });
  expect(stopped).toMatchObject({ verdict: 'undecided', bound: 'time' });
  expect(existsSync(`${file}.part`)).toBe(false);
  const resumed = await longRun(program, { resume: file });
  expect(essence(resumed)).toEqual(essence(program.states().verdict()));
});

test('--max-memory stops with a checkpoint', async () => {
  const stopped = await longRun(program.bound({ maxMemory: 2 ** 21 }), { checkpoint: file });
  expect(stopped).toMatchObject({ verdict: 'undecided', bound: 'memory' });
  const resumed = await longRun(program, { resume: file });
  expect(essence(resumed)).toEqual(essence(program.states().verdict()));
});

test('Ctrl-C stops with a checkpoint', async () => {
  setTimeout(() => process.emit('SIGINT'), 1);
  const stopped = await longRun(longer, { checkpoint: file });
  expect(stopped).toMatchObject({ verdict: 'undecided', bound: 'interrupted' });
  const resumed = await longRun(longer, { resume: file });
  expect(essence(resumed)).toEqual(essence(longer.states().verdict()));
});

test('progress comes with an estimate', () => {
  const p = { states: 10, executions: 0, transitions: 30, preemptions: 1, steps: 5, open: 4, bytes: 2 ** 20 };
  expect(progressText({ ...p, done: 0.25 }, 2)).toBe(
    '10 states, 30 steps, preemptions 1, 4 open, 1 MiB, about 6 s left',
  );
  expect(progressText({ ...p, done: undefined }, 2)).toBe(
    '10 states, 30 steps, preemptions 1, 4 open, 1 MiB',
  );
});
