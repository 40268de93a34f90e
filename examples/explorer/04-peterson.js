// Peterson's lock: two threads exclude each other with reads and writes alone.
//
// The loop has no bound that is known in advance. `forget` at its head states that nothing the thread has read so far decides
// what it does next. A second iteration of the loop then begins in the same state as the first, so there are few states.
// A search over traces is impossible for this program, because it requires threads that end.
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
    // This step is not part of the lock: it counts the threads inside.
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
