import { loadBundle } from '../../src/cli/kbuild/bundle-file.ts';
import { violations } from '../../src/monitors/hotplug/index.ts';
import { Prng } from '../../src/schedule/data/prng.ts';
import { eventFailures } from '../../src/schedule/event-failures.ts';
import { disagreement, runSide, type Side } from '../../src/source/compare/compare.ts';
import { bootFor } from '../../src/source/compare/machine.ts';
import { RandomOperations } from '../../src/source/compare/operations.ts';
import { sourceKernel } from '../../src/source/kernel.ts';
import { SourceProgram } from '../../src/source/program.ts';
import { Alarms } from './alarms.ts';
import { alarmOf, SITES } from './failing.ts';

/**
 * Random operations on the C of a bundle, each again with every allocation of it failing in turn:
 * `npx tsx test/source/failures.ts BUNDLE [OPERATIONS] [SEED]`. Prints how many runs agree with the model, and what the C
 * warned of and broke where an allocation failed and not without, with the name that failures.yaml has for it.
 */
const [file = '', count = '100', seed = '1'] = process.argv.slice(2);

const bundle = loadBundle(file);
const program = new SourceProgram(bundle);
const { kernel, state: initial } = bootFor(bundle, bundle.arch === 'arm64' ? 'rodata=off' : '');
const source = sourceKernel(kernel, program, { alone: true });
const draw = new RandomOperations(new Prng(Number(seed)), kernel, program);
const alarms = new Alarms(bundle.arch);
let [runs, agree] = [0, 0];
let state = initial;

/** What is wrong in a run: warnings, BUGs, tables that are lost, and rules of the architecture. */
function wrongIn({ outcome, state: after }: Side): Set<string> {
  const tables = violations(after, kernel.c).filter(({ subjects }) => subjects.invariant === 'tables');
  const rules = (after.mmu?.violations ?? []).slice(state.mmu?.violations.length);
  return new Set([
    ...[...eventFailures(outcome.events), ...tables].map(alarmOf),
    ...rules.map(({ rule }) => `rule: ${rule}`),
    ...(outcome.ended === 'deadlock' ? ['deadlock'] : []),
  ]);
}

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
      for (const text of wrong)
        if (!without.has(text)) alarms.note(text, operation.fn, `${operation.text}, ${site} ${after}`);
    }
  }
  const plain = runSide(state, kernel, operation);
  if (plain.outcome.ended === 'returned') state = plain.state;
}
process.stdout.write(
  `Linux ${bundle.version}: ${count} operations, ${runs} runs with a failed allocation, ${agree} agree with the model\n${alarms.text}`,
);
process.exitCode = agree === runs && alarms.unnamed === 0 ? 0 : 1;
