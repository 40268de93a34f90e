import { evaluate, type Order, type Verdict } from './evaluate.ts';
import { Recorder } from './trace.ts';

/** A process of its own, since a mutant may never end. Started in the copy of the sources that has the mutants. */

/** What has begun, or the end of it. */
export type Answer = { readonly begun: string } | { readonly verdict: Verdict };

Recorder.install();
const answer = (what: Answer): void => void process.send!(what);

process.on('message', (order: Order) => {
  answer({ verdict: evaluate(order, (begun) => answer({ begun })) });
});
