import { boot } from '../../boot/boot.ts';
import { BadOperation } from '../../errors/bad-operation.ts';
import { notingKernel } from '../../interleave/narrate.ts';
import type { Release } from '../../releases/define.ts';
import { interleaving, placeOf } from '../../scenarios/interleaved/interleaving.ts';
import { runScenario } from '../../scenarios/running/run-scenario.ts';
import { Session } from '../../scenarios/running/session.ts';
import { Runner } from '../../schedule/runner.ts';
import type { Steps } from '../../steps/step.ts';
import { isLack } from '../check-entry.ts';
import type { StepsEntry, ThreadsEntry } from '../entry.ts';
import { noting, notingThread, type ObservedCall } from './observe.ts';

/**
 * Notes the calls of an entry on a release; none if the entry cannot run there. Threads run alone, one after the other.
 */
export function entryCalls(
  entry: StepsEntry | ThreadsEntry,
  release: Release,
  note: (call: ObservedCall) => void,
): void {
  try {
    if (entry.kind === 'steps') {
      const model = boot(entry.scenario.machine, release);
      const session = new Session({ ...model, kernel: notingKernel(model.kernel, noting(note)) });
      for (const _ of runScenario(entry.scenario, session, { check: false }));
      return;
    }
    const { model, program } = interleaving(entry.id, entry.scenario, release, placeOf(entry.scenario));
    for (const { run, daemon } of program.narrated!().threads)
      if (!daemon) new Runner(model.state).run(notingThread(run!() as Steps<unknown>, note));
  } catch (error) {
    if (!isLack(error) && !(error instanceof BadOperation)) throw error;
  }
}

/** What is known of the calls of a function. */
export interface FunctionCalls {
  /** The locks and references that all of its callers in the kernel hold. */
  readonly holds: readonly string[];
  /** The ids of the entries that call it. */
  readonly entries: readonly string[];
}

interface Noted {
  /** The locks held in all calls by other functions, by the function of the scenario's line below which they happen. */
  readonly held: Map<string, ReadonlySet<string>>;
  readonly entries: Set<string>;
}

/**
 * The active reference of a sysfs file. kernfs holds it for the functions of the file; what they call has other callers
 * too, such as auto-onlining, which the catalogue may not have.
 */
const ACTIVE = 'kn->active';
const isOfFile = (fn: string): boolean => /_(store|show)$/.test(fn);

/** The locks held below all of these roots. */
function heldBelow({ held }: Noted, isProper: (root: string) => boolean): string[] {
  const [first, ...others] = [...held].filter(([root]) => isProper(root)).map(([, locks]) => locks);
  return [...(first ?? [])].filter((lock) => others.every((locks) => locks.has(lock))).sort();
}

/** Collects the calls of many entries. */
export class CallTable {
  readonly #functions = new Map<string, Noted>();

  note(id: string, { fn, caller, root, held }: ObservedCall): void {
    const noted = this.#functions.get(fn) ?? { held: new Map(), entries: new Set() };
    this.#functions.set(fn, noted);
    noted.entries.add(id);
    if (caller === null) return;
    const before = noted.held.get(root);
    const locks = held.filter((lock) => (lock !== ACTIVE || isOfFile(fn)) && (before?.has(lock) ?? true));
    noted.held.set(root, new Set(locks));
  }

  /**
   * By function. A line of a scenario may call into the middle of an operation without the locks that it needs: what
   * happens below a function whose other callers hold locks says nothing of what is held.
   */
  all(): Map<string, FunctionCalls> {
    const isOutermost = (root: string): boolean => (this.#functions.get(root)?.held.size ?? 0) === 0;
    const needs = new Map([...this.#functions].map(([fn, noted]) => [fn, heldBelow(noted, isOutermost)]));
    const isProper = (root: string): boolean => (needs.get(root)?.length ?? 0) === 0;
    return new Map(
      [...this.#functions]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([fn, noted]) => [fn, { holds: heldBelow(noted, isProper), entries: [...noted.entries] }]),
    );
  }
}
