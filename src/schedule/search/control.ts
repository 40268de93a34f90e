import type { Stats } from '../replay/verdict.ts';

/** How a search is controlled from outside: it has no clock and no signals of its own. */
export interface Control {
  /** Seconds since the search began. */
  readonly elapsed?: () => number;
  /** Whether to return before the end. */
  readonly stop?: () => boolean;
  readonly progress?: ((progress: Progress) => void) | undefined;
}

/** How far a search is. */
export interface Progress extends Omit<Stats, 'mode'> {
  /** Work items waiting now. */
  readonly open: number;
  /** A guess at the part of the work that is done, from 0 to 1; undefined where there is no ground for one. */
  readonly done: number | undefined;
}
