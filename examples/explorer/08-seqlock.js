// A sequence lock: the writer never waits, and a reader that may have seen half of a change retries. The count is odd while the
// writer makes a change.
//
// The writer writes two values, one after the other, that must be equal. A reader that does not retry has read equal values.
import { atEnd, explore, forget, read, waitWhile, write } from 'mhp/explorer';

function* writer() {
  yield write('count', 1);
  yield write('low', 7);
  yield write('high', 7);
  yield write('count', 2);
}

function* reader() {
  for (;;) {
    yield forget('again');
    yield waitWhile('count', 1);
    const before = yield read('count');
    const low = yield read('low');
    const high = yield read('high');
    const after = yield read('count');
    if (before === after && before % 2 === 0) return low === high;
  }
}

const cell = { 0: { v: 0 } };

export default explore({
  name: 'sequence lock',
  tables: { count: cell, low: cell, high: cell },
  threads: [
    { name: 'writer', run: writer },
    { name: 'reader 1', run: reader },
    { name: 'reader 2', run: reader },
  ],
}).monitors(
  atEnd('no reader has seen half of a change', ({ threads }) =>
    threads.slice(1).every((reader) => reader.returned === true),
  ),
);
