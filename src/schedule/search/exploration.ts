import { standardMonitors } from '../monitors/index.ts';
import type { Monitor } from '../monitors/monitor.ts';
import type { Program } from '../program/program.ts';
import { type RandomOptions, RandomSearch } from '../random/random-search.ts';
import { resume } from '../replay/checkpoint.ts';
import { replay, type Story } from '../replay/replay.ts';
import { tell, tokenOf } from '../replay/tell.ts';
import { decodeToken, replayToken } from '../replay/token.ts';
import type { Bounds, Choice, Verdict } from '../replay/verdict.ts';
import type { Watch } from './pace.ts';
import { type Question, statesSearch, tracesSearch } from './question.ts';
import { Search } from './search.ts';
import { SelfCheck } from './selfcheck.ts';

/** Begins the exploration of a program: does a monitor report a failure in any interleaving of its threads? */
export function explore(program: Program): Exploration {
  return new Exploration({ program, monitors: standardMonitors, bounds: {}, reduce: true, forget: true }, {});
}

/**
 * A program, its monitors, and the bounds of the search. Immutable: every method returns a new exploration, or an
 * object that comes to a verdict.
 */
export class Exploration {
  readonly #question: Question;
  readonly #watch: Watch;

  constructor(question: Question, watch: Watch) {
    this.#question = question;
    this.#watch = watch;
  }

  get program(): Program {
    return this.#question.program;
  }

  /** Adds these monitors; the standard ones are there from the beginning. */
  monitors(...more: readonly Monitor[]): Exploration {
    return this.#with({ monitors: [...this.#question.monitors, ...more] });
  }

  /** Uses these monitors and no others. */
  only(...monitors: readonly Monitor[]): Exploration {
    return this.#with({ monitors });
  }

  /**
   * Limits the search to this many preemptions, or to the named bounds. A later bound replaces an earlier one of the
   * same name.
   */
  bound(most: number | Bounds): Exploration {
    const bounds = typeof most === 'number' ? { maxPreemptions: most } : most;
    return this.#with({ bounds: { ...this.#question.bounds, ...bounds } });
  }

  /** Sets the signal that stops the search, the callback for its progress, and its clock. */
  watch(watch: Watch): Exploration {
    return new Exploration(this.#question, { ...this.#watch, ...watch });
  }

  /**
   * Switches off optimisations: leaving out orders of independent steps (`reduction`), and letting threads forget
   * (`forgetting`).
   */
  without(...what: readonly ('reduction' | 'forgetting')[]): Exploration {
    const { reduce, forget } = this.#question;
    return this.#with({
      reduce: reduce && !what.includes('reduction'),
      forget: forget && !what.includes('forgetting'),
    });
  }

  /** Searches by states: fewest preemptions first, then fewest steps, so the first story found is the shortest. */
  states(): Search {
    return new Search(this.#question, this.#watch, statesSearch);
  }

  /** Searches by one execution for every Mazurkiewicz trace. The failure found need not be the shortest. */
  traces(): Search {
    return new Search(this.#question, this.#watch, tracesSearch);
  }

  /** Makes random runs, which prove nothing. */
  random(options: RandomOptions = {}): RandomSearch {
    return new RandomSearch(this.#question, this.#watch, options);
  }

  /** Continues from a checkpoint of the same program and monitors; bounds may differ. Throws `BadCheckpoint`. */
  resume(checkpoint: Uint8Array): Search {
    return new Search(this.#question, this.#watch, (question, pace) => resume(question, pace, checkpoint));
  }

  /** Explores a small program in full three ways, without bounds, and compares the results. */
  selfCheck(): SelfCheck {
    const { program, monitors } = this.#question;
    return new SelfCheck(program, monitors, this.#watch);
  }

  /** Runs one execution, given as a token or by its choices. Throws `BadToken`, `ReplayDiverged`. */
  replay(execution: string | readonly Choice[]): Story {
    const { program, monitors } = this.#question;
    return typeof execution === 'string'
      ? replayToken(program, decodeToken(execution), monitors)
      : replay(program, execution, monitors);
  }

  /** The execution behind a violation that another search found, as a story. Throws if there is none. */
  story(verdict: Verdict): Story {
    return tell(this.#question, verdict);
  }

  /** The same execution as a token. */
  token(verdict: Verdict): string {
    return tokenOf(this.#question, verdict);
  }

  #with(changes: Partial<Question>): Exploration {
    return new Exploration({ ...this.#question, ...changes }, this.#watch);
  }
}
