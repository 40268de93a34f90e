import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { checksOf } from './checks.ts';
import { forms } from './forms.ts';
import { readSources } from './functions.ts';
import { writeInstrumented } from './instrument.ts';
import { listMutants } from './list.ts';
import { Worker } from './pool.ts';
import { appendResult, type ResultLine, readResults, writeResults } from './results.ts';

/*
 * npm run mutate: every mutant against the checks of its form. What the results have already is not run again:
 * --fresh begins anew, --survivors runs again what was not caught. --only TEXT: mutants with this text in their names.
 * --shard 2/3: every third of those left, for several at once; without it the results are put in order at the end.
 */

const ROOT = new URL('../../', import.meta.url);
const RESULTS = new URL('results.jsonl', import.meta.url);

const { values } = parseArgs({
  options: {
    jobs: { type: 'string', default: String(cpus().length) },
    only: { type: 'string', default: '' },
    fresh: { type: 'boolean', default: false },
    shard: { type: 'string', default: '' },
    survivors: { type: 'boolean', default: false },
  },
});

/** Results that no other check could change: repeated reads and barriers. */
const settled = ({ name, difference }: ResultLine): boolean =>
  /: twice /.test(name) && (difference === 'reads' || difference === 'more flushing');

const names = new Set(forms.flatMap((form) => checksOf(form).map(({ name }) => name)));
/** Whether the mutant was caught by a check that no longer exists. */
const outdated = ({ caught }: ResultLine): boolean =>
  caught !== null && !names.has(caught.check) && !/ends? /.test(caught.failure);

const sources = readSources(ROOT);
const mutants = await listMutants(sources);
const known = values.fresh ? new Map<string, ResultLine>() : readResults(RESULTS);
if (values.fresh) writeResults(RESULTS, []);
const todo = mutants.filter(({ name }) => {
  if (!name.includes(values.only)) return false;
  const result = known.get(name);
  return !result || outdated(result) || (values.survivors && !result.caught && !settled(result));
});
const [shard = 1, shards = 1] = values.shard === '' ? [] : values.shard.split('/').map(Number);
const mine = todo.filter((_, i) => i % shards === shard - 1);
const COPY = new URL(`.mutants/${shard}/`, ROOT);
writeInstrumented(sources, COPY);
process.stderr.write(`${mutants.length} mutants, ${mine.length} to run\n`);

let next = 0;
let caught = 0;
async function work(): Promise<void> {
  const worker = new Worker(fileURLToPath(new URL('test/mutation/child.ts', COPY)));
  while (next < mine.length) {
    const mutant = mine[next++]!;
    const verdict = await worker.evaluate(mutant);
    appendResult(RESULTS, { name: mutant.name, ...verdict });
    if (verdict.caught) caught++;
    process.stderr.write(`${next}/${mine.length} ${caught} caught\r`);
  }
  worker.end();
}
await Promise.all(Array.from({ length: Number(values.jobs) }, work));

// in the order of the list, without mutants that no longer exist
if (shards === 1) {
  const results = readResults(RESULTS);
  writeResults(
    RESULTS,
    mutants.flatMap(({ name }) => results.get(name) ?? []),
  );
}
process.stderr.write('\n');
