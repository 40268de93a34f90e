// Three philosophers sit at a round table, with one fork between each two. All take the left fork first, so each can hold one
// fork and wait for the next. The standard monitors report this without being named; one of them is `deadlock`.
//
// Try it: let the last philosopher begin with the other fork.
import { explore, lock, unlock } from 'mhp/explorer';

const SEATS = 3;

const philosopher = (seat) => ({
  name: `philosopher ${seat}`,
  *run() {
    const left = `fork ${seat}`;
    const right = `fork ${(seat + 1) % SEATS}`;
    yield lock(left);
    yield lock(right);
    yield unlock(right);
    yield unlock(left);
  },
});

export default explore({
  name: 'dining philosophers',
  threads: Array.from({ length: SEATS }, (_, seat) => philosopher(seat)),
});
