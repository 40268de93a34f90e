import { isLack } from '../../src/check/check-entry.ts';
import type { ThreadsEntry } from '../../src/check/entry.ts';
import type { Variation } from '../../src/check/variation.ts';
import { catalogue } from '../../src/cli/inputs/catalogue.ts';
import { loadBundle } from '../../src/cli/kbuild/bundle-file.ts';
import { atVersion } from '../../src/releases/at-version.ts';
import { geometryOf, releaseOf } from '../../src/source/compare/machine.ts';
import { SourceProgram } from '../../src/source/program.ts';
import { sourceRelease } from '../../src/source/release.ts';
import { Alarms } from './alarms.ts';
import { explored, type FailedAllocation, InOrder } from './failing.ts';

/**
 * The threads of the catalogue on the C of a bundle, each again with every allocation failing in turn: `npx tsx
 * test/source/failures-of-entries.ts BUNDLE [STATES] [ENTRY...]`. The threads run one after the other in every order,
 * and at the same time in up to STATES states. Prints by entry what is wrong with a failed allocation and not without,
 * and what the built-in release has and the C has not, or the other way round.
 */
const [file = '', most = '2000', ...ids] = process.argv.slice(2);
const MOST_ALLOCATIONS = 40;

const bundle = loadBundle(file);
const program = new SourceProgram(bundle);
const base = releaseOf(bundle);
const builtIn = atVersion(base, bundle.version);
const ofC = sourceRelease(base, program);
const { page, bits } = geometryOf(bundle);
const variation: Variation =
  bundle.arch === 'arm64'
    ? { geometry: { page_size: page * 1024, va_bits: bits }, layout: base.constants.layout }
    : {};

const entries = catalogue((id) => ids.length === 0 || ids.includes(id)).flatMap(({ entry }) =>
  entry.kind === 'threads' && entry.scenario.machine.arch === bundle.arch ? [entry] : [],
);
const totals = { entries: 0, allocations: 0, runs: 0, explorations: 0, states: 0, whole: 0, unequal: 0 };
const alarms = new Alarms(bundle.arch);

/** What the C says beside what it says without a failure; a difference to the built-in release is printed. */
function told(
  entry: ThreadsEntry,
  failure: FailedAllocation,
  how: string,
  [c, model, without]: readonly (readonly string[])[],
): void {
  if (JSON.stringify(c) !== JSON.stringify(model)) {
    totals.unequal++;
    process.stdout.write(
      `${entry.id} ${failure.site} ${failure.after}, ${how}: C ${c!.join('; ')} | built-in ${model!.join('; ')}\n`,
    );
  }
  for (const alarm of c!)
    if (!without!.includes(alarm)) alarms.note(alarm, entry.id, `${failure.site} ${failure.after}, ${how}`);
}

function failuresOf(entry: ThreadsEntry): void {
  const [c, model] = [new InOrder(entry, ofC, variation), new InOrder(entry, builtIn, variation)];
  program.ran.clear();
  const plain = c.orders.map((order) => c.run(order, null).alarms);
  if (program.ran.size === 0) return;
  totals.entries++;
  const failures = c.allocations(MOST_ALLOCATIONS);
  totals.allocations += failures.length;
  let whole: readonly string[] | undefined;
  for (const failure of failures) {
    for (const [i, order] of c.orders.entries()) {
      const ran = c.run(order, failure);
      if (!ran.failed) continue;
      totals.runs++;
      told(entry, failure, order.join(', '), [ran.alarms, model.run(order, failure).alarms, plain[i]!]);
    }
    if (Number(most) === 0) continue;
    const mine = explored(entry, ofC, variation, failure, Number(most));
    if (!mine) continue;
    whole ??= explored(entry, ofC, variation, null, Number(most))!.alarms;
    totals.explorations++;
    totals.states += mine.states;
    if (mine.whole) totals.whole++;
    const theirs = explored(entry, builtIn, variation, failure, Number(most));
    told(entry, failure, 'at the same time', [mine.alarms, theirs?.alarms ?? ['no threads'], whole]);
  }
  process.stdout.write(
    `${entry.id}: ${failures.map(({ site, after }) => `${site} ${after}`).join(', ') || 'none'}\n`,
  );
}

for (const entry of entries) {
  try {
    failuresOf(entry);
  } catch (error) {
    if (!isLack(error))
      process.stdout.write(`${entry.id}: ${error instanceof Error ? error.message : String(error)}\n`);
  }
}
process.stdout.write(`Linux ${bundle.version}: ${JSON.stringify(totals)}\n${alarms.text}`);
process.exitCode = totals.unequal === 0 && alarms.unnamed === 0 ? 0 : 1;
