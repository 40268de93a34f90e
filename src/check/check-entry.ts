import { configure } from '../boot/config.ts';
import { BadOperation } from '../errors/bad-operation.ts';
import { ImpossibleMachine } from '../errors/impossible-machine.ts';
import { UserError } from '../errors/user-error.ts';
import { NoSuchGeometry } from '../geometry/translation.ts';
import type { Config } from '../kernel/config.ts';
import { findMemRelease, type MemRelease } from '../memmap/releases/mem-releases.ts';
import { runMemScenario } from '../memmap/scenarios/mem-session.ts';
import { currentName } from '../releases/former-names.ts';
import { findRelease, type Release } from '../releases/index.ts';
import { NotApplicable } from '../scenarios/interleaved/names.ts';
import { runScenario } from '../scenarios/running/run-scenario.ts';
import type { Failure } from '../steps/failure.ts';
import type { Checked } from './checked.ts';
import type { Entry, MemmapEntry, StepsEntry } from './entry.ts';
import { entrySession } from './entry-session.ts';
import { asWritten, doesNotFit, isMeant } from './meant.ts';
import { expectedOf } from './row.ts';
import { checkThreads, type ThreadsSearch } from './threads.ts';
import { geometryText, type Variation } from './variation.ts';

export interface CheckOptions extends ThreadsSearch {
  readonly variation?: Variation;
}

/** A name of no release on which this entry can run. */
class NoSuchRelease extends UserError {
  override readonly name = 'NoSuchRelease';
}

/** Whether the release or the machine lacks what an entry is about. */
export const isLack = (error: unknown): error is Error =>
  error instanceof NotApplicable || error instanceof ImpossibleMachine || error instanceof NoSuchGeometry;

type Outcome = Omit<Checked, 'id' | 'release' | 'geometry' | 'layout'>;

const NOTHING = { failure: null, reason: null, within: [], states: 0, steps: 0, told: null };

/**
 * Checks whether an entry's failure occurs on a release.
 * @throws NoSuchRelease
 * @throws BadOperation if the entry cannot run as written, in its own geometry, on a release that it names
 */
export function checkEntry(entry: Entry, release: string | Release, options: CheckOptions = {}): Checked {
  const { variation = {} } = options;
  const name = typeof release === 'string' ? currentName(release) : release.name;
  const head = {
    id: entry.id,
    release: name,
    geometry: variation.geometry ? geometryText(variation.geometry) : null,
    layout: variation.layout ?? null,
  };
  try {
    return { ...head, ...outcomeOf(entry, release, variation, options) };
  } catch (error) {
    const unlike = !asWritten(variation) || expectedOf(entry, name) === null;
    if (!isLack(error) && !(error instanceof BadOperation && unlike)) throw error;
    return { ...head, ...NOTHING, verdict: 'n/a', reason: error.message };
  }
}

function outcomeOf(
  entry: Entry,
  release: string | Release,
  variation: Variation,
  search: ThreadsSearch,
): Outcome {
  if (entry.kind === 'memmap') {
    const known = typeof release === 'string' ? findMemRelease(release) : undefined;
    if (!known) throw new NotApplicable(`struct pages as addresses are not modelled for ${String(release)}`);
    return checkMemmap(entry, known);
  }
  const known = typeof release === 'string' ? findRelease(release) : release;
  if (!known) {
    if (findMemRelease(String(release)))
      throw new NotApplicable(`of ${String(release)} only struct pages as addresses are modelled`);
    throw new NoSuchRelease(`${JSON.stringify(release)} is not a modelled release`);
  }
  return entry.kind === 'threads'
    ? checkThreads(entry, known, variation, search)
    : checkSteps(entry, known, variation);
}

/** The failure that the entry means, if it occurred; else the first one. */
function judged(
  entry: Entry,
  release: string,
  variation: Variation,
  blocks: string | null,
  failures: readonly Failure[],
): Pick<Checked, 'verdict' | 'failure' | 'reason'> {
  const named = failures.find((failure) => isMeant(entry, failure));
  const first = named ?? failures[0];
  if (!first) return { verdict: 'clean', failure: null, reason: null };
  if (blocks !== null && namesABlock(first)) return { verdict: 'n/a', failure: null, reason: blocks };
  if (!named && doesNotFit(entry, release, variation, first))
    return { verdict: 'n/a', failure: null, reason: `cannot be done as written: ${first.text}` };
  return {
    verdict: named ? 'found' : 'other',
    failure: plain(first),
    reason: null,
  };
}

/** The failure without a picture that may come with it. */
const plain = ({ kind, subjects, text }: Failure): Failure => ({ kind, subjects, text });

const stepsOf = (outcomes: readonly { readonly steps: number }[]): number =>
  outcomes.reduce((sum, { steps }) => sum + steps, 0);

/**
 * A reason why there is no result if the entry reads blocks by number and blocks have another size. Null if they have
 * the same size.
 */
function otherBlocks({ release, scenario: { machine } }: StepsEntry, c: Config): string | null {
  const own = configure(machine, findRelease(release)!).memory_block_size_bytes;
  const { memory_block_size_bytes: here } = c;
  return here === own
    ? null
    : `blocks are named by numbers: of 0x${own.toString(16)} bytes, and here of 0x${here.toString(16)}`;
}

const namesABlock = ({ kind, subjects }: Failure): boolean =>
  kind === 'expectation' && subjects.block !== undefined;

function checkSteps(entry: StepsEntry, release: Release, variation: Variation): Outcome {
  const session = entrySession(entry, release, variation);
  const outcomes = [...runScenario(entry.scenario, session)];
  return {
    ...NOTHING,
    ...judged(
      entry,
      release.name,
      variation,
      otherBlocks(entry, session.kernel.c),
      outcomes.flatMap(({ failures }) => failures),
    ),
    steps: stepsOf(outcomes),
    told: { kind: 'steps', outcomes },
  };
}

function checkMemmap(entry: MemmapEntry, release: MemRelease): Outcome {
  const outcomes = [...runMemScenario(entry.scenario, release)];
  return {
    ...NOTHING,
    ...judged(
      entry,
      release.name,
      {},
      null,
      outcomes.flatMap(({ failures }) => failures),
    ),
    steps: stepsOf(outcomes),
    told: { kind: 'memmap', outcomes },
  };
}
