import type { MemOutcome } from '../memmap/scenarios/mem-session.ts';
import type { StepOutcome } from '../scenarios/running/run-scenario.ts';
import type { Story } from '../schedule/replay/replay.ts';
import type { Bound } from '../schedule/replay/verdict.ts';
import type { Failure } from '../steps/failure.ts';

/**
 * What an entry came to on a release: the failure it names (`found`), another one (`other`), none (`clean`), a bound that was
 * reached (`undecided`), or nothing, because the release or machine lacks what it is about (`n/a`).
 */
export type CheckVerdict = (typeof VERDICTS)[number];
const VERDICTS = ['found', 'other', 'clean', 'undecided', 'n/a'] as const;

export const isVerdict = (value: unknown): value is CheckVerdict =>
  (VERDICTS as readonly unknown[]).includes(value);

/** How the result came about. */
export type Told =
  | { readonly kind: 'threads'; readonly story: Story; readonly token: string; readonly preemptions: number }
  | { readonly kind: 'steps'; readonly outcomes: readonly StepOutcome[] }
  | { readonly kind: 'memmap'; readonly outcomes: readonly MemOutcome[] };

export interface Checked {
  readonly id: string;
  readonly release: string;
  /** The geometry that replaces the entry's own, as "4K/48". */
  readonly geometry: string | null;
  /** The layout that replaces the entry's own: the release's, or that of a family of releases. */
  readonly layout: string | null;
  readonly verdict: CheckVerdict;
  readonly failure: Failure | null;
  /** Why there is no result. */
  readonly reason: string | null;
  /** What a search with the verdict `clean` left out; `runs`: what comes between the entries of a run. */
  readonly within: readonly (Bound | 'runs')[];
  /** Distinct states of a search, or steps of kernel code performed. */
  readonly states: number;
  readonly steps: number;
  readonly told: Told | null;
}
