// npm run bench [GROUP…]: prints figures, asserts nothing. Every group runs in processes of its own.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';

const here = (name) => new URL(name, import.meta.url).pathname;
const node = (...args) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  });
  if (status !== 0) throw new Error(`${args.join(' ')}: ${stderr}`);
  return stdout;
};
const MIB = 2 ** 20;

/** Best of three, because other processes share the machine. */
const best = (run, by) => [run(), run(), run()].reduce((a, b) => (by(b) < by(a) ? b : a));

function life() {
  console.log('whole life of hot-added memory (add, online movable, offline, unplug; v6.1; best of 3)');
  console.log('arch     block    TiB   blocks   seconds  peak MiB  steps/s   16 TiB / 1 TiB');
  for (const [arch, block] of [
    ['x86_64', 2 ** 27],
    ['x86_64', 2 ** 31],
    ['arm64', 2 ** 27],
  ]) {
    let one = 0;
    for (const tib of [1, 4, 16]) {
      const r = best(
        () => JSON.parse(node(here('life.js'), arch, tib, block)),
        (x) => x.seconds,
      );
      if (tib === 1) one = r.seconds;
      console.log(
        [
          arch.padEnd(7),
          `${block / MIB}M`.padStart(6),
          String(tib).padStart(6),
          String(r.blocks).padStart(8),
          r.seconds.toFixed(2).padStart(9),
          (r.peak / MIB).toFixed(0).padStart(9),
          (r.steps / r.seconds).toExponential(1).padStart(8),
          tib === 16 ? (r.seconds / one).toFixed(1).padStart(16) : '',
        ]
          .join(' ')
          .trimEnd(),
      );
    }
  }
}

function ls() {
  const root = mkdtempSync(join(tmpdir(), 'mhp-bench-'));
  try {
    node(here('blocks.js'), root, '32768');
    const time = (command, args) => {
      const began = performance.now();
      const { status } = spawnSync(command, args, { stdio: ['ignore', 'ignore', 'inherit'] });
      if (status !== 0) throw new Error(`${command} failed`);
      return (performance.now() - began) / 1000;
    };
    const main = here('../dist/cli/main.js');
    const there = ['/usr/bin/lsmem', '/bin/lsmem'].find((path) => existsSync(path));
    console.log('\nmhp ls on a host of 32,768 blocks (whole process, best of 3)');
    for (const args of [[], ['-a'], ['--output-all']]) {
      const own = best(
        () => time(process.execPath, [main, 'ls', '-s', root, ...args]),
        (x) => x,
      );
      const theirs = there
        ? best(
            () => time(there, ['-s', root, ...args]),
            (x) => x,
          )
        : null;
      const ratio = theirs
        ? `lsmem ${theirs.toFixed(2)} s, ratio ${(own / theirs).toFixed(2)}`
        : 'lsmem is not here';
      console.log(`${`mhp ls ${args.join(' ')}`.trimEnd().padEnd(22)} ${own.toFixed(2)} s   ${ratio}`);
    }
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

function tables() {
  console.log(
    '\npage tables (v6.1; a DIMM is plugged and unplugged; best of 3): arm64 with rodata=full, base pages;',
  );
  console.log('x86-64 with leaves of 1G, the memmap in blocks of 2M');
  console.log(
    'arch   TiB     leaves    tables   add s  remove s  both  cpu s  peak MiB  walks/s  ptdump s (lines)  / 1 TiB',
  );
  for (const arch of ['arm64', 'x86_64']) {
    let one = 0;
    for (const tib of [1, 4, 16]) {
      const r = best(
        () => JSON.parse(node(here('tables.js'), arch, tib)),
        (x) => x.add + x.remove,
      );
      const both = r.add + r.remove;
      if (tib === 1) one = both;
      console.log(
        [
          arch.padEnd(6),
          String(tib).padStart(3),
          `2^${Math.log2(r.leaves)}`.padStart(10),
          String(r.tables).padStart(9),
          r.add.toFixed(2).padStart(7),
          r.remove.toFixed(2).padStart(9),
          both.toFixed(2).padStart(5),
          r.cpu.toFixed(2).padStart(6),
          (r.peak / MIB).toFixed(0).padStart(9),
          r.walks.toExponential(1).padStart(8),
          `${r.ptdump.toFixed(3)} (${r.lines})`.padStart(17),
          (both / one).toFixed(1).padStart(8),
        ].join(' '),
      );
    }
  }
}

function memmap() {
  console.log('\nmemmap with device ranges of 2M at random places (x86-64, v6.1; best of 3)');
  console.log('TiB  ranges    runs  build s  remove s  us/range  pfn_valid/s  pfn_to_page/s  peak MiB');
  for (const [tib, ranges] of [
    [1, 1000],
    [1, 4000],
    [1, 16_000],
    [1, 64_000],
    [16, 16_000],
  ]) {
    const r = best(
      () => JSON.parse(node(here('memmap.js'), String(ranges), String(tib))),
      (x) => x.build + x.remove,
    );
    console.log(
      [
        String(tib).padStart(3),
        String(r.ranges).padStart(7),
        String(r.runs).padStart(7),
        r.build.toFixed(3).padStart(8),
        r.remove.toFixed(3).padStart(9),
        (((r.build + r.remove) / r.ranges) * 1e6).toFixed(1).padStart(9),
        r.pfn_valid.toExponential(1).padStart(12),
        r.pfn_to_page.toExponential(1).padStart(14),
        (r.peak / MIB).toFixed(0).padStart(9),
      ].join(' '),
    );
  }
}

function conform() {
  const main = here('../dist/cli/main.js');
  const recording = here('../recordings/arm64-6.1-full61.tar.xz');
  const began = performance.now();
  const last = node(main, 'conform', recording).trimEnd().split('\n').at(-1);
  console.log(
    `\nmhp conform arm64-6.1-full61: ${last}, ${((performance.now() - began) / 1000).toFixed(2)} s`,
  );
}

function ir() {
  let r;
  try {
    r = JSON.parse(node(here('ir.js'), '22', '400000'));
  } catch (error) {
    if (!String(error).includes('needs clang')) throw error;
    console.log("\nthe kernel's own C: clang or opt is not here");
    return;
  }
  const { reading: read, running: run, copying: copy } = r;
  const micro = (seconds) => (seconds * 1e6).toFixed(1);
  console.log("\nthe kernel's own C (bench/ir.js; processor time, unless it says otherwise)");
  console.log(
    `read ${read.megabytes.toFixed(1)} MB of IR: ${read.cpu.toFixed(2)} s, all bodies as code ${read.bodies.toFixed(2)} s; by the clock ${(read.ours / read.llvms).toFixed(2)} of opt's time`,
  );
  console.log(
    `run ${(run.instructions / 1e6).toFixed(1)} M instructions: ${(run.instructions / run.cpu / 1e6).toFixed(1)} M/s; native code takes 1/${(run.cpu / run.plain).toFixed(0)} of the time with -O0, 1/${(run.cpu / run.optimised).toFixed(0)} with -O2`,
  );
  console.log(
    `copy a thread of ${copy.frames} frames ${micro(copy.thread)} us, its memory ${micro(copy.memory)} us`,
  );
}

function explorer() {
  console.log('\nthe explorer (bench/explorer/run.js --quick)');
  console.log(node(here('explorer/run.js'), '--quick').trimEnd());
}

function check() {
  const rows = node(here('check.js'))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  const sum = rows.reduce((all, { seconds }) => all + seconds, 0);
  const slowest = (of) => [...of].sort((a, b) => b.seconds - a.seconds);
  const threads = rows.filter(({ kind }) => kind === 'threads');
  const found = slowest(threads.filter(({ verdict }) => verdict === 'found'))[0];
  const proved = slowest(threads.filter(({ verdict }) => verdict === 'clean'))[0];
  const told = ({ id, release, seconds }) => `${seconds.toFixed(2)} s (${id} on ${release})`;
  console.log(`mhp check: ${rows.length} runs in ${sum.toFixed(1)} s, one after the other in one process`);
  console.log(`slowest first counterexample of threads ${told(found)}, slowest proof ${told(proved)}`);
  console.log('the slowest ten');
  console.log('id     release     verdict   states  seconds  states/s  share');
  for (const { id, release, verdict, states, seconds } of slowest(rows).slice(0, 10)) {
    console.log(
      [
        id.padEnd(6),
        release.padEnd(11),
        verdict.padEnd(7),
        String(states).padStart(8),
        seconds.toFixed(2).padStart(8),
        (states ? (states / seconds).toExponential(1) : '-').padStart(9),
        `${((100 * seconds) / sum).toFixed(1)}%`.padStart(6),
      ].join(' '),
    );
  }
}

const groups = { check, life, tables, memmap, ls, conform, ir, explorer };
const asked = process.argv.slice(2);
for (const name of asked.length ? asked : Object.keys(groups)) {
  if (!Object.hasOwn(groups, name)) {
    console.error(`no group ${name}: ${Object.keys(groups).join(', ')}`);
    process.exit(2);
  }
  groups[name]();
}
