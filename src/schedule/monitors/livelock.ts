import type { Monitor } from './monitor.ts';

/** A thread runs in a loop that only a signal would end, and no other thread can change what it waits for. */
export const livelock: Monitor = {
  name: 'livelock',
  spins: (_view, thread, where) => ({
    kind: 'livelock',
    subjects: { thread, function: where },
    text: `${thread} goes round in ${where} for ever`,
  }),
};
