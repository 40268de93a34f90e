import type { Checked } from '../../check/checked.ts';
import type { DesignVerdict } from '../../check/design/check-design.ts';

/** The result of a scenario on a design. */
export interface DesignRun {
  readonly verdict: DesignVerdict;
  readonly failure: Checked['failure'];
  readonly reason: string | null;
  readonly within: Checked['within'];
  readonly states: number;
  readonly steps: number;
  readonly story: string | null;
  /** A token with which `mhp replay --design` repeats the execution. */
  readonly token: string | null;
}

/** The results of a scenario that calls functions replaced by a design: on the base, and on the design. */
export interface DesignRow {
  readonly id: string;
  readonly title: string;
  /** The replaced functions that it calls; none if it did not end on the base, which leaves them unknown. */
  readonly calls: readonly string[];
  readonly base: Pick<Checked, 'verdict' | 'failure' | 'reason' | 'states'>;
  /** The results on each design of a series, applied to those before it. */
  readonly runs: readonly DesignRun[];
  /** The result on the last one. */
  readonly design: DesignRun;
}
