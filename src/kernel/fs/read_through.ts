import { isData, perform } from '../../steps/perform.ts';
import type { Steps } from '../../steps/step.ts';
import type { State } from '../state.ts';

/** Runs a function that only reads. */
export function read_through<T>(state: State, thread: Steps<T>): T {
  let next = thread.next();
  while (!next.done) {
    const step = next.value;
    next = thread.next(isData(step) ? perform(state, step) : undefined);
  }
  return next.value;
}
