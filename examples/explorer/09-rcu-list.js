// A list that is read without a lock: 1 -> 2 -> 3. The updater unlinks 2, waits for a grace period, after which no reader can
// still use 2, and frees it.
//
// Try it: remove `synchronizeRcu`. The standard monitor `useAfterFree` then reports a failure.
import { explore, forget, free, rcuReadLock, rcuReadUnlock, read, synchronizeRcu, write } from 'mhp/explorer';

function* reader() {
  yield rcuReadLock();
  let at = yield read('head');
  while (at !== 0) {
    // Only the current position decides what the reader does next, and nothing else that it has read.
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
