import { checkpoint } from '../replay/checkpoint.ts';
import type { Story } from '../replay/replay.ts';
import { tell, tokenOf } from '../replay/tell.ts';
import type { Verdict } from '../replay/verdict.ts';
import { preemptionsOf, violated } from '../replay/violated.ts';
import { type Outcome, StatesSearch } from '../states/states.ts';
import type { TracesSearch } from '../traces/traces.ts';
import { Pace, type Watch } from './pace.ts';
import { type Question, statesSearch } from './question.ts';

/** A search of every interleaving of a program, by states or by traces. It comes to one verdict. */
export class Search {
  readonly mode: 'states' | 'traces';
  readonly #question: Question;
  readonly #pace: Pace;
  readonly #search: StatesSearch | TracesSearch;
  /** What the search came to, once it has come to something. */
  #outcome: Outcome | undefined;
  /** The search that has the last word then, if one has. */
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

  /** Search until there is a verdict, and block the event loop meanwhile. Later calls return the same verdict. */
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

  /** The execution that goes wrong, step by step. Throws where there is none. */
  story(): Story {
    return tell(this.#question, this.verdict());
  }

  /** The same execution as a short text, which `replay` of the program's exploration reads. */
  token(): string {
    return tokenOf(this.#question, this.verdict());
  }

  /**
   * Where the search stands, as bytes from which `resume` goes on to the same verdict and counts: before it has begun, from
   * the callback `progress`, or once it has been stopped. Undefined where there is nothing to go on with.
   */
  checkpoint(): Uint8Array | undefined {
    const verdict = this.#verdict;
    const outcome = this.#outcome;
    if (verdict !== undefined && verdict.verdict !== 'undecided') return undefined;
    // What was found is told again, and the search itself is at its end; so is one of traces that cut executions off.
    if (outcome?.end === 'violation' || (outcome?.end === 'stopped' && outcome.bound === 'steps'))
      return undefined;
    // Where a further search was stopped, the first one is at its end, and to go on with it begins the second one again.
    return checkpoint(this.#question, this.#search);
  }

  /** Search on; undefined at the end of a slice. */
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

  #isPause(outcome: Outcome): boolean {
    return outcome.end === 'stopped' && outcome.bound === 'interrupted' && !this.#pace.interrupted;
  }

  /**
   * The search that has the last word after a search of states, if there is one. A story found with reduction is told
   * again without it: the reduced search keeps the fewest preemptions but may add steps that only had to be done with.
   * Where executions were cut off and nothing was found, one that counts steps decides.
   */
  #lastWord(search: StatesSearch, outcome: Outcome): StatesSearch | undefined {
    const question = { ...this.#question, reduce: false };
    if (outcome.end === 'violation' && this.#question.reduce) {
      const bounds = { ...question.bounds, maxPreemptions: search.layer, maxSteps: outcome.trace.length };
      return statesSearch({ ...question, bounds }, this.#pace);
    }
    if (outcome.end === 'complete' && outcome.within.includes('steps'))
      return statesSearch(question, this.#pace, true);
    return undefined;
  }

  /** What both come to. */
  #both(search: StatesSearch, outcome: Outcome, further: StatesSearch, again: Outcome): Verdict {
    if (outcome.end !== 'violation') return this.#decided(further, again);
    if (again.end === 'violation') return violated(again, further.layer, true, search.stats);
    return violated(outcome, search.layer, false, search.stats);
  }

  #decided(search: StatesSearch | TracesSearch, outcome: Outcome): Verdict {
    const { stats } = search;
    if (outcome.end === 'complete') return { verdict: 'proved', within: outcome.within, stats };
    if (outcome.end === 'stopped') return { verdict: 'undecided', bound: outcome.bound, stats };
    // Any failure will do where traces are searched; states that are not reduced come to the shortest.
    return search instanceof StatesSearch
      ? violated(outcome, search.layer, true, stats)
      : violated(outcome, preemptionsOf(this.#question.program, outcome.trace), false, stats);
  }
}
