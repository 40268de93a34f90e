import { loadBundle } from '../../src/cli/kbuild/bundle-file.ts';
import { Prng } from '../../src/schedule/data/prng.ts';
import { disagreement, runSide } from '../../src/source/compare/compare.ts';
import { bootFor } from '../../src/source/compare/machine.ts';
import { RandomOperations } from '../../src/source/compare/operations.ts';
import { sourceKernel } from '../../src/source/kernel.ts';
import { SourceProgram } from '../../src/source/program.ts';

/**
 * Random operations on the C of a bundle, each again with every allocation of it failing in turn:
 * `npx tsx test/source/failures.ts BUNDLE [OPERATIONS] [SEED]`. Prints how many runs agree with the model, and what the C
 * warned of and broke where an allocation failed and not without.
 */
const [file = '', count = '100', seed = '1'] = process.argv.slice(2);
const SITES = ['pgtable', 'vmemmap_block', 'percpu_ref', 'pgmap_array'];

const bundle = loadBundle(file);
const program = new SourceProgram(bundle);
const { kernel, state: initial } = bootFor(bundle, 'rodata=off');
const source = sourceKernel(kernel, program, { alone: true });
const draw = new RandomOperations(new Prng(Number(seed)), kernel, program);
const alarms = new Map<string, { times: number; readonly first: string }>();
let [runs, agree] = [0, 0];
let state = initial;

/** What is wrong in a run: warnings, BUGs, and rules of the architecture. */
const wrongIn = ({ events, state: after }: ReturnType<typeof runSide>): Set<string> =>
  new Set([
    ...events.filter(({ text }) => /^(?:warn|bug) /.test(text)).map(({ text }) => text),
    ...(after.mmu?.violations ?? []).slice(state.mmu?.violations.length).map(({ rule }) => rule),
  ]);

for (let nr = 0; nr < Number(count); nr++) {
  const operation = { ...draw.next(state), failure: null };
  const without = wrongIn(runSide(state, source, operation));
  for (const site of SITES) {
    for (let after = 0; ; after++) {
      const injected = { ...operation, failure: { site, after, times: 1 } };
      const side = runSide(state, source, injected);
      if (!side.failed) break;
      runs++;
      // the comparison clears what it has compared
      const wrong = wrongIn(side);
      if (
        !disagreement(runSide(state, kernel, injected), side, { model: {}, source: {} }, kernel.c.PAGE_SIZE)
      )
        agree++;
      for (const text of wrong) {
        if (without.has(text)) continue;
        const known = alarms.get(`${operation.fn}: ${text}`);
        if (known) known.times++;
        else
          alarms.set(`${operation.fn}: ${text}`, { times: 1, first: `${operation.text}, ${site} ${after}` });
      }
    }
  }
  const plain = runSide(state, kernel, operation);
  if (plain.outcome.ended === 'returned') state = plain.state;
}
process.stdout.write(
  [
    `Linux ${bundle.version}: ${count} operations, ${runs} runs with a failed allocation, ${agree} agree with the model`,
    ...[...alarms].map(([text, { times, first }]) => `${String(times).padStart(6)}  ${text} (${first})`),
    '',
  ].join('\n'),
);
