import type { Stats } from '../replay/verdict.ts';

/** Controls a search from outside: the search has no clock and no signals of its own. */
export interface Control {
  /** Seconds since the search began. */
  readonly elapsed?: () => number;
  /** Whether the search should return before its end. */
  readonly stop?: () => boolean;
  readonly progress?: ((progress: Progress) => void) | undefined;
}

/** The progress of a search. */
export interface Progress extends Omit<Stats, 'mode'> {
  /** Work items waiting now. */
  readonly open: number;
  /** An estimate of the fraction of work done, from 0 to 1; undefined if there is no basis for one. */
  readonly done: number | undefined;
}
