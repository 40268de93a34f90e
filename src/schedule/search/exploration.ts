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

/** Begin to explore a program: in every interleaving of its threads, does anything happen that a monitor objects to? */
export function explore(program: Program): Exploration {
  return new Exploration({ program, monitors: standardMonitors, bounds: {}, reduce: true, forget: true }, {});
}

/**
 * A program, what watches it, and how far to look. Nothing of it changes: every method gives a new one, or something to
 * come to a verdict with.
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

  /** Watched by these as well; by the standard ones it is from the beginning. */
  monitors(...more: readonly Monitor[]): Exploration {
    return this.#with({ monitors: [...this.#question.monitors, ...more] });
  }

  /** Watched by these and no others. */
  only(...monitors: readonly Monitor[]): Exploration {
    return this.#with({ monitors });
  }

  /** No further than this: so many preemptions, or what is named. A later bound of one name takes the place of an earlier one. */
  bound(most: number | Bounds): Exploration {
    const bounds = typeof most === 'number' ? { maxPreemptions: most } : most;
    return this.#with({ bounds: { ...this.#question.bounds, ...bounds } });
  }

  /** By whom it is stopped, to whom it tells how far it is, and by which clock it goes. */
  watch(watch: Watch): Exploration {
    return new Exploration(this.#question, { ...this.#watch, ...watch });
  }

  /** Without what makes a search fast: to leave out orders of independent steps, to let threads forget. */
  without(...what: readonly ('reduction' | 'forgetting')[]): Exploration {
    const { reduce, forget } = this.#question;
    return this.#with({
      reduce: reduce && !what.includes('reduction'),
      forget: forget && !what.includes('forgetting'),
    });
  }

  /** Search by states: fewest preemptions first, then fewest steps, so that the first story found is the shortest. */
  states(): Search {
    return new Search(this.#question, this.#watch, statesSearch);
  }

  /** Search by one execution for every Mazurkiewicz trace. Any failure will do: it need not be the shortest. */
  traces(): Search {
    return new Search(this.#question, this.#watch, tracesSearch);
  }

  /** Make random runs, which prove nothing. */
  random(options: RandomOptions = {}): RandomSearch {
    return new RandomSearch(this.#question, this.#watch, options);
  }

  /** Go on from a checkpoint of the same program and monitors; bounds may be others. Throws `BadCheckpoint`. */
  resume(checkpoint: Uint8Array): Search {
    return new Search(this.#question, this.#watch, (question, pace) => resume(question, pace, checkpoint));
  }

  /** Explore a small program in full three ways, bounds apart, and compare. */
  selfCheck(): SelfCheck {
    const { program, monitors } = this.#question;
    return new SelfCheck(program, monitors, this.#watch);
  }

  /** Run one execution: that of a token, or one given by its choices. Throws `BadToken`, `ReplayDiverged`. */
  replay(execution: string | readonly Choice[]): Story {
    const { program, monitors } = this.#question;
    return typeof execution === 'string'
      ? replayToken(program, decodeToken(execution), monitors)
      : replay(program, execution, monitors);
  }

  /** The execution behind a violation that somebody else has found, as a story. Throws where there is none. */
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
