// A list that is read without a lock: 1 -> 2 -> 3. The updater takes 2 out, waits for a grace period, until every reader
// that may have come upon it is through, and frees it.
//
// Try it without `synchronizeRcu`: the standard monitor `useAfterFree` objects.
import { explore, forget, free, rcuReadLock, rcuReadUnlock, read, synchronizeRcu, write } from 'mhp/explorer';

function* reader() {
  yield rcuReadLock();
  let at = yield read('head');
  while (at !== 0) {
    // Where it is decides how it goes on, and nothing else it has read.
    yield forget('at', at);
    at = yield read(['node', at, 'next']);
  }
  yield rcuReadUnlock();
}

function* updater() {
  const second = yield read(['node', 1, 'next']);
  const third = yield read(['node', second, 'next']);
  yield write(['node', 1, 'next'], third);
  yield synchronizeRcu();
  yield free('node', second);
}

export default explore({
  name: 'RCU list',
  tables: { head: { 0: { v: 1 } }, node: { 1: { next: 2 }, 2: { next: 3 }, 3: { next: 0 } } },
  threads: [
    { name: 'updater', run: updater },
    { name: 'reader 1', run: reader },
    { name: 'reader 2', run: reader },
  ],
});
