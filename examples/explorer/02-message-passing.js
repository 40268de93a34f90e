// A message and a flag that says it is there. The receiver blocks until the flag is set, so it reads the message and
// nothing older: here memory is sequentially consistent, and the order of two writes is the order in which they are seen.
//
// A thread that blocks is not run: no execution is spent on looking again and again.
import { atEnd, explore, read, waitUntil, write } from 'mhp/explorer';

const program = {
  name: 'message passing',
  tables: { message: { 0: { v: 0 } }, ready: { 0: { v: 0 } }, seen: { 0: { v: 0 } } },
  threads: [
    {
      name: 'sender',
      *run() {
        yield write('message', 42);
        yield write('ready', 1);
        // And back: the sender goes on once the message has been seen.
        yield waitUntil('seen', 1);
        yield write('message', 0);
      },
    },
    {
      name: 'receiver',
      *run() {
        yield waitUntil('ready', 1);
        const got = yield read('message');
        yield write('seen', 1);
        return got;
      },
    },
  ],
};

// What a thread returned is there to look at once it has ended.
const arrived = atEnd('the receiver has got 42', (end) => end.threads[1].returned === 42);

export default explore(program).monitors(arrived);
