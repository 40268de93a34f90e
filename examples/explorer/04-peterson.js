// Peterson's lock: two threads keep each other out with reads and writes alone.
//
// The loop has no end that can be foreseen. `forget` at its head says that nothing the thread has read so far decides
// what it does next: a second turn of the loop is then the same state as the first, and there are few states.
// A search by traces is out of the question: it needs threads that end.
import { bug, explore, fetchAdd, forget, read, variable, write } from 'mhp/explorer';

const process = (me) => ({
  name: `process ${me}`,
  *run() {
    const other = 1 - me;
    yield write(variable('wants', me), true);
    yield write('turn', other);
    for (;;) {
      yield forget('waiting');
      if (!(yield read(variable('wants', other)))) break;
      if ((yield read('turn')) === me) break;
    }
    // A step of its own, and not part of the lock: it counts who is inside.
    if ((yield fetchAdd('inside', 1)) !== 0) yield bug('process', 'two are inside');
    yield fetchAdd('inside', -1);
    yield write(variable('wants', me), false);
  },
});

export default explore({
  name: "Peterson's lock",
  tables: {
    wants: { 0: { v: false }, 1: { v: false } },
    turn: { 0: { v: 0 } },
    inside: { 0: { v: 0 } },
  },
  threads: [process(0), process(1)],
});
