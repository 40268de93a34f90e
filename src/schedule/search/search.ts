import { checkpoint } from '../replay/checkpoint.ts';
import type { Story } from '../replay/replay.ts';
import { tell, tokenOf } from '../replay/tell.ts';
import type { Verdict } from '../replay/verdict.ts';
import { preemptionsOf, violated } from '../replay/violated.ts';
import { type SearchOutcome, StatesSearch } from '../states/states.ts';
import type { TracesSearch } from '../traces/traces.ts';
import { Pace, type Watch } from './pace.ts';
import { type Question, statesSearch } from './question.ts';

/** A search of every interleaving of a program, by states or by traces. It comes to one verdict. */
export class Search {
  readonly mode: 'states' | 'traces';
  readonly #question: Question;
  readonly #pace: Pace;
  readonly #search: StatesSearch | TracesSearch;
  /** The outcome of the search, once there is one. */
  #outcome: SearchOutcome | undefined;
  /** The further search that then decides, if there is one. */
  #further: StatesSearch | undefined;
  #verdict: Verdict | undefined;

  /** @param begun makes the search by states or traces, new or from a checkpoint */
  constructor(
    question: Question,
    watch: Watch,
    begun: (question: Question, pace: Pace) => StatesSearch | TracesSearch,
  ) {
    this.#question = question;
    this.#pace = new Pace(watch);
    this.#search = begun(question, this.#pace);
    this.mode = this.#search instanceof StatesSearch ? 'states' : 'traces';
  }

  /** Searches until there is a verdict, and blocks the event loop meanwhile. Later calls return the same verdict. */
  verdict(): Verdict {
    this.#pace.begin();
    for (;;) {
      const verdict = this.#goOn();
      if (verdict !== undefined) return verdict;
    }
  }

  /** The same in slices of a tenth of a second, between which the event loop runs. */
  async finish(): Promise<Verdict> {
    for (;;) {
      await this.#pace.turn();
      const verdict = this.#goOn();
      if (verdict !== undefined) return verdict;
    }
  }

  /** The failing execution, step by step. Throws if there is none. */
  story(): Story {
    return tell(this.#question, this.verdict());
  }

  /** The same execution as a short text that `replay` of the program's exploration reads. */
  token(): string {
    return tokenOf(this.#question, this.verdict());
  }

  /**
   * The position of the search, as bytes from which `resume` continues to the same verdict and counts. To be called
   * before the search has begun, from the callback `progress`, or once it has been stopped. Undefined if there is
   * nothing to continue. A note, plain data, is kept with it.
   */
  checkpoint(note?: unknown): Uint8Array | undefined {
    const verdict = this.#verdict;
    const outcome = this.#outcome;
    if (verdict !== undefined && verdict.verdict !== 'undecided') return undefined;
    // A failure that was found is told again; the search itself has ended. A search of traces that cut off executions
    // has ended, too.
    if (outcome?.end === 'violation' || (outcome?.end === 'stopped' && outcome.bound === 'steps'))
      return undefined;
    // When a further search was stopped, the first one has ended; continuing it starts the second one again.
    return checkpoint(this.#question, this.#search, note);
  }

  /** Continues the search; undefined at the end of a slice. */
  #goOn(): Verdict | undefined {
    if (this.#verdict !== undefined) return this.#verdict;
    if (this.#further === undefined) {
      const outcome = this.#search.run();
      if (this.#isPause(outcome)) return undefined;
      this.#outcome = outcome;
      this.#further =
        this.#search instanceof StatesSearch ? this.#lastWord(this.#search, outcome) : undefined;
      if (this.#further === undefined) {
        this.#verdict = this.#decided(this.#search, outcome);
        return this.#verdict;
      }
    }
    const again = this.#further.run();
    if (this.#isPause(again)) return undefined;
    this.#verdict = this.#both(this.#search as StatesSearch, this.#outcome!, this.#further, again);
    return this.#verdict;
  }

  #isPause(outcome: SearchOutcome): boolean {
    return outcome.end === 'stopped' && outcome.bound === 'interrupted' && !this.#pace.interrupted;
  }

  /**
   * The search that decides after a search of states, if there is one. A story found with reduction is searched again
   * without it: the reduced search keeps the fewest preemptions but may add steps that are not needed. If executions
   * were cut off and nothing was found, a search that counts steps decides.
   */
  #lastWord(search: StatesSearch, outcome: SearchOutcome): StatesSearch | undefined {
    const question = { ...this.#question, reduce: false };
    if (outcome.end === 'violation' && this.#question.reduce) {
      const bounds = { ...question.bounds, maxPreemptions: search.layer, maxSteps: outcome.trace.length };
      return statesSearch({ ...question, bounds }, this.#pace);
    }
    if (outcome.end === 'complete' && outcome.within.includes('steps'))
      return statesSearch(question, this.#pace, true);
    return undefined;
  }

  /** The verdict from both searches. */
  #both(search: StatesSearch, outcome: SearchOutcome, further: StatesSearch, again: SearchOutcome): Verdict {
    if (outcome.end !== 'violation') return this.#decided(further, again);
    if (again.end === 'violation') return violated(again, further.layer, true, search.stats);
    return violated(outcome, search.layer, false, search.stats);
  }

  #decided(search: StatesSearch | TracesSearch, outcome: SearchOutcome): Verdict {
    const { stats } = search;
    if (outcome.end === 'complete') return { verdict: 'proved', within: outcome.within, stats };
    if (outcome.end === 'stopped') return { verdict: 'undecided', bound: outcome.bound, stats };
    // A search of traces may return any failure; a search of unreduced states finds the shortest.
    return search instanceof StatesSearch
      ? violated(outcome, search.layer, true, stats)
      : violated(outcome, preemptionsOf(this.#question.program, outcome.trace), false, stats);
  }
}
