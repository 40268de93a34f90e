// Readers share a room, a writer has it alone. The first reader to come locks the room for all of them, the last to go
// unlocks it. Who is first and last is counted; coming counts under a lock, going does not, and there lies the bug.
//
// Two go at once, one is not counted out, and the writer waits for ever. The story is the shortest there is: the fewest
// preemptions, and then the fewest steps.
import { explore, lock, read, unlock, waitUntil, write } from 'mhp/explorer';

function* reader() {
  yield lock('counting');
  const before = yield read('readers');
  yield write('readers', before + 1);
  if (before === 0) yield write('room', 'readers');
  yield unlock('counting');

  // Here it reads.

  const left = (yield read('readers')) - 1;
  yield write('readers', left);
  if (left === 0) yield write('room', 'empty');
}

function* writer() {
  yield waitUntil('room', 'empty');
  yield write('room', 'writer');
  yield write('room', 'empty');
}

export default explore({
  name: 'readers and a writer',
  tables: { readers: { 0: { v: 0 } }, room: { 0: { v: 'empty' } } },
  threads: [
    { name: 'reader 1', run: reader },
    { name: 'reader 2', run: reader },
    { name: 'writer', run: writer },
  ],
});
