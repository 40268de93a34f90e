/**
 * Compares the explorer with Spin and with itself: `npm run build && node bench/explorer/run.js [GROUP…] [--quick]`.
 * Everything runs on one core, one after another, and every figure is printed beside the one with which it is compared.
 */
import { spawnSync } from 'node:child_process';
import { atEnd, explore } from '../../dist/explorer.js';
import { lastzero, readers } from '../../dist/schedule/programs/classics.js';
import { hotrm } from '../../dist/schedule/programs/hotrm.js';
import { racers } from '../../dist/schedule/programs/racers.js';
import { hasSpin, runSpin } from './spin.js';

const MODEL = new URL('./racers.pml', import.meta.url);
const quick = process.argv.includes('--quick');

const timed = (work) => {
  const began = performance.now();
  const value = work();
  return { value, seconds: (performance.now() - began) / 1000 };
};
const count = (n) => Math.round(n).toLocaleString('en-US');
const rows = (title, head, lines) => {
  console.log(`\n${title}`);
  const table = [head, ...lines.map((l) => l.map(String))];
  const width = head.map((_, c) => Math.max(...table.map((l) => l[c].length)));
  for (const line of table) console.log(`  ${line.map((cell, c) => cell.padStart(width[c])).join('  ')}`);
};

/** All states, without reduction. */
const states = (program) => {
  const search = explore(program).only().without('reduction').states();
  const { value, seconds } = timed(() => search.verdict());
  return { states: value.stats.states, seconds, bytes: value.stats.bytes };
};
const best = (runs, work) =>
  Array.from({ length: runs }, work).reduce((a, b) => (a.seconds <= b.seconds ? a : b));

function againstSpin(threads, rounds) {
  const runs = quick ? 1 : 3;
  const frames = best(runs, () => states(racers(threads, rounds, 'frames')));
  const generators = best(runs, () => states(racers(threads, rounds, 'generators')));
  const line = (name, r, spin) => [
    name,
    count(r.states),
    r.seconds.toFixed(2),
    count(r.states / r.seconds),
    spin === undefined ? '-' : (r.states / r.seconds / (spin.states / spin.seconds)).toFixed(2),
    spin === undefined ? '-' : (spin.seconds / r.seconds).toFixed(2),
  ];
  const head = ['', 'states', 'seconds', 'states/s', 'rate / Spin', 'Spin time / time'];
  if (!hasSpin()) {
    console.log('\nSKIPPED: spin or gcc is not installed, nothing to compare states/s with');
    rows(`racers(${threads}, ${rounds})`, head, [line('frames', frames), line('generators', generators)]);
    return;
  }
  const defines = [`-DT=${threads}`, `-DR=${rounds}`];
  const spin = best(runs, () => runSpin(MODEL, defines, ['-DNOREDUCE']));
  rows(`racers(${threads}, ${rounds}), all states, no reduction on either side`, head, [
    line('Spin', spin, spin),
    line('frames', frames, spin),
    line('generators', generators, spin),
  ]);
}

function firstError(threads, rounds) {
  const total = threads * rounds;
  const kept = atEnd(`x is ${total}`, (view) => view.value('x') === total);
  const ours = timed(() => explore(racers(threads, rounds)).only(kept).states().verdict());
  const lines = [['explore', ours.seconds.toFixed(3), ours.value.steps, ours.value.preemptions]];
  if (hasSpin()) {
    const defines = [`-DT=${threads}`, `-DR=${rounds}`, '-DCHECK'];
    const dfs = runSpin(MODEL, defines, []);
    const bfs = runSpin(MODEL, defines, ['-DBFS']);
    lines.push(['Spin, first found', dfs.seconds.toFixed(3), dfs.depth, '-']);
    lines.push(['Spin, shortest (BFS)', bfs.seconds.toFixed(3), bfs.depth, '-']);
  } else console.log('\nSKIPPED: spin or gcc is not installed, nothing to compare the first error with');
  rows(
    `racers(${threads}, ${rounds}): seconds to the first error`,
    ['', 'seconds', 'steps', 'preemptions'],
    lines,
  );
}

function executions() {
  const lines = [readers(13), readers(16), lastzero(10), lastzero(15)].map((program) => {
    // The first run mostly measures the JIT compiler: a search of 8192 executions ends before it is done.
    const all = Array.from({ length: quick ? 3 : 7 }, () => {
      const search = explore(program).only().traces();
      const before = process.cpuUsage();
      const { value, seconds } = timed(() => search.verdict());
      const { user, system } = process.cpuUsage(before);
      return { executions: value.stats.executions, seconds, cpu: (user + system) / 1e6 };
    });
    const { executions } = all[0];
    const rates = [
      Math.min(...all.map((r) => r.seconds)),
      Math.min(...all.map((r) => r.cpu)),
      all[0].seconds,
    ].map((seconds) => count(executions / seconds));
    return [program.name, count(executions), ...rates];
  });
  rows(
    'traces: one execution a Mazurkiewicz trace; executions/s at best, by CPU time at best, and of the first run',
    ['', 'executions', 'executions/s', 'CPU time', 'first run'],
    lines,
  );
}

function growth() {
  const sizes = quick ? [32, 64, 128] : [32, 64, 128, 256, 512];
  const lines = sizes.flatMap((n) =>
    ['frames', 'generators'].map((kind) => {
      const r = states(hotrm(n, kind));
      const first = timed(() => explore(hotrm(n, kind)).states().verdict());
      const mb = (r.bytes / 2 ** 20).toFixed(1);
      return [`hotrm(${n}) ${kind}`, count(r.states), r.seconds.toFixed(2), mb, first.seconds.toFixed(2)];
    }),
  );
  rows('growth with n', ['', 'states', 'seconds', 'MiB', 'seconds to the story'], lines);
}

function memory() {
  const r = states(racers(3, quick ? 6 : 10));
  const peak = process.resourceUsage().maxRSS / 1024;
  console.log(
    `\nmemory: ${count(r.states)} states in ${r.seconds.toFixed(1)} s; ${(((r.bytes / r.states) * 1e6) / 2 ** 20).toFixed(0)} MiB ` +
      `per million states; peak of the whole process ${peak.toFixed(0)} MiB`,
  );
}

const groups = {
  spin: () => {
    againstSpin(3, 6);
    if (!quick) againstSpin(3, 10);
  },
  first: () => firstError(3, 6),
  traces: executions,
  growth,
  memory,
};

// Every group runs in a process of its own, unaffected by the compiler's and the heap's state after other groups.
const asked = Object.keys(groups).filter((name) => process.argv.includes(name));
if (asked.length === 1) groups[asked[0]]();
else {
  for (const name of asked.length > 0 ? asked : Object.keys(groups)) {
    const args = [import.meta.filename, name, ...(quick ? ['--quick'] : [])];
    spawnSync(process.execPath, args, { stdio: 'inherit' });
  }
}
