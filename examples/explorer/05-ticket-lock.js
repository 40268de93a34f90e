// A ticket lock: each thread draws a number, and waits until that number is served. Three threads add 1 under the lock, as in the
// first example, and no addition is lost.
//
// Drawing a number is one atomic step. Try it: use a read and a write instead.
import { atEnd, explore, fetchAdd, read, waitUntil, write } from 'mhp/explorer';

const THREADS = 3;

function* add() {
  const ticket = yield fetchAdd('next', 1);
  yield waitUntil('serving', ticket);
  const seen = yield read('x');
  yield write('x', seen + 1);
  yield write('serving', ticket + 1);
}

const cell = { 0: { v: 0 } };

export default explore({
  name: 'ticket lock',
  tables: { next: cell, serving: cell, x: cell },
  threads: Array.from({ length: THREADS }, (_, i) => ({ name: `thread ${i}`, run: add })),
}).monitors(atEnd(`x == ${THREADS}`, (end) => end.value('x') === THREADS));
