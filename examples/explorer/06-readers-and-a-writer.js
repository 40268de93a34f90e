// Readers share a room; a writer uses it alone. The first reader to enter locks the room for all readers, and the last reader to
// leave unlocks it. A counter decides which reader is first and which is last. Readers take a lock to count on entry, but not on
// exit; this is the bug.
//
// Two readers leave at the same time, one of them is not subtracted, and the writer waits for ever. The story is the shortest
// one: it has the fewest preemptions and, among those, the fewest steps.
import { explore, lock, read, unlock, waitUntil, write } from 'mhp/explorer';

function* reader() {
  yield lock('counting');
  const before = yield read('readers');
  yield write('readers', before + 1);
  if (before === 0) yield write('room', 'readers');
  yield unlock('counting');

  // The reader reads here.

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
