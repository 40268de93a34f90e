import { evaluate, type Order, type Verdict } from './evaluate.ts';
import { limitChecks } from './limit.ts';
import { Recorder } from './trace.ts';

/**
 * A separate process, because a mutant may never end. It is started in the copy of the sources that contains the
 * mutants.
 */

/** The beginning of a check, or its result. */
export type Answer = { readonly begun: string } | { readonly verdict: Verdict };

Recorder.install();
const beginCheck = limitChecks();
const answer = (what: Answer): void => void process.send!(what);

process.on('message', (order: Order) => {
  const verdict = evaluate(order, (begun) => {
    beginCheck();
    answer({ begun });
  });
  answer({ verdict });
});
