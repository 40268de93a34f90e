// Two threads add 1 to the same variable. Each reads it, adds, and writes it back: an addition can be lost.
//
// Every access to what threads share is a step: the thread yields it, and gets its result. Between two steps any other
// thread may run. What a thread does by itself, like the addition here, is not a step.
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

// Monitors say what must hold. This one looks at the state in which all threads have ended.
const kept = atEnd('x == 2', (end) => end.value('x') === 2);

export default explore(program).monitors(kept);
