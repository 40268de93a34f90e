import { type ChildProcess, fork } from 'node:child_process';
import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { stringify } from 'yaml';
import { mainline, releases } from '../../src/releases/index.ts';
import type { Order } from './child.ts';
import { add, type Counts, noCounts, table } from './counts.ts';
import { takeWalk } from './walk.ts';

/*
 * npm run walk -- --count 1000: so many random walks (test/walk), on all releases in turn, and a table at the end.
 * --seed N (1), --release v6.1,v7.2, --arch arm64: other walks. --jobs N (2): processes. --first N: the first walk.
 * What is in .walks/ already is not taken again: --fresh begins anew. --print N: the scenario of walk N, and no more.
 * Scenarios of alarms without a name are written to failures/.
 */

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    count: { type: 'string', default: '1000' },
    first: { type: 'string', default: '0' },
    release: { type: 'string' },
    arch: { type: 'string' },
    jobs: { type: 'string', default: '2' },
    fresh: { type: 'boolean', default: false },
    print: { type: 'string' },
  },
});

/** Walks taken between two lines of the results. */
const CHUNK = 20;
/** The time limit of one walk in milliseconds: usual are 30. */
const LIMIT = 300_000;

const seed = Number(values.seed);
const names = values.release?.split(',') ?? mainline.map(({ name }) => name);
const unknown = names.find((name) => !releases.has(name));
if (unknown !== undefined) throw new Error(`--release: ${unknown} is not a modelled release`);
if (values.arch !== undefined && values.arch !== 'arm64' && values.arch !== 'x86_64')
  throw new Error('--arch: arm64 or x86_64');
const { arch } = values;
const folder = 'failures';

const orderOf = (index: number): Order => ({
  seed,
  index,
  release: names[index % names.length]!,
  arch,
  folder,
});

if (values.print !== undefined) {
  const { document, alarms } = takeWalk(orderOf(Number(values.print)));
  for (const { step, text } of alarms) process.stdout.write(`# step ${step + 1}: ${text.split('\n')[0]}\n`);
  process.stdout.write(stringify(document));
  process.exit();
}

/** A line of the results: the walks from `first` on. */
interface Line {
  readonly first: number;
  readonly counts: Counts;
}

const results = `.walks/${seed}-${names.join('+')}-${arch ?? 'all'}.jsonl`;
mkdirSync('.walks', { recursive: true });
const known = new Map<number, Counts>(
  values.fresh || !existsSync(results)
    ? []
    : readFileSync(results, 'utf8')
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line) as Line)
        .map(({ first, counts }) => [first, counts]),
);

class Worker {
  #child: ChildProcess | null = null;

  /** The counts of one walk. One that does not end is counted as such, and its process is replaced. */
  take(order: Order): Promise<Counts> {
    this.#child ??= fork(fileURLToPath(new URL('child.ts', import.meta.url)), {
      execArgv: ['--import', 'tsx'],
    });
    const child = this.#child;
    return new Promise((resolve) => {
      const settle = (counts: Counts): void => {
        clearTimeout(timer);
        child.removeAllListeners();
        resolve(counts);
      };
      const lost = (what: string): void => {
        this.end();
        const { index, release } = order;
        settle({ ...noCounts(), sequences: 1, unnamed: { [what]: { count: 1, index, release } } });
      };
      const timer = setTimeout(() => lost('does not end'), LIMIT);
      child.on('message', (counts: Counts) => settle(counts));
      child.on('exit', () => lost('ends the program'));
      child.send(order);
    });
  }

  end(): void {
    this.#child?.removeAllListeners();
    this.#child?.kill('SIGKILL');
    this.#child = null;
  }
}

const from = Math.floor(Number(values.first) / CHUNK) * CHUNK;
const to = from + Math.ceil(Number(values.count) / CHUNK) * CHUNK;
const todo: number[] = [];
for (let first = from; first < to; first += CHUNK) if (!known.has(first)) todo.push(first);

let next = 0;
let stopped = false;
process.on('SIGINT', () => {
  stopped = true;
});

const progress = (): void => {
  if (process.stderr.isTTY)
    process.stderr.write(`\r${to - from - (todo.length - next) * CHUNK} of ${to - from}`);
};

async function work(): Promise<void> {
  const worker = new Worker();
  while (next < todo.length && !stopped) {
    const first = todo[next++]!;
    const counts = noCounts();
    for (let index = first; index < first + CHUNK; index++) add(counts, await worker.take(orderOf(index)));
    known.set(first, counts);
    appendFileSync(results, `${JSON.stringify({ first, counts } satisfies Line)}\n`);
    progress();
  }
  worker.end();
}
await Promise.all(Array.from({ length: Math.min(2, Number(values.jobs)) }, work));

const sum = noCounts();
for (const [first, counts] of [...known].sort(([a], [b]) => a - b))
  if (first >= from && first < to) add(sum, counts);
process.stdout.write(table(sum));
process.exitCode = Object.keys(sum.unnamed).length ? 1 : 0;
