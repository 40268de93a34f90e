// Two threads add 1 to the same variable. Each thread reads the variable, adds 1, and writes it back: an addition can be lost.
//
// Every access to shared state is a step: the thread yields it and receives its result. Between two steps any other thread
// may run. Computation that is local to a thread, such as the addition, is not a step.
import { atEnd, explore, read, write } from 'mhp/explorer';

function* add() {
  const seen = yield read('x');
  yield write('x', seen + 1);
}

const program = {
  name: 'lost update',
  // Shared objects, by table and key. A plain variable is field v of key 0.
  tables: { x: { 0: { v: 0 } } },
  threads: [
    { name: 'A', run: add },
    { name: 'B', run: add },
  ],
};

// A monitor states what must hold. This monitor checks the state in which all threads have ended.
const kept = atEnd('x == 2', (end) => end.value('x') === 2);

export default explore(program).monitors(kept);
