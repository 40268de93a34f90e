// Three philosophers round a table, a fork between each two. All take the left fork first: then each may hold one and wait
// for the next. The standard monitors object to it, among them `deadlock`: nothing has to be said.
//
// Try it: let the last one begin with the other fork.
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
