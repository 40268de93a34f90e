// A sender writes a message, then sets a flag. The receiver blocks until the flag is set, so it always reads the new message:
// memory is sequentially consistent here, and other threads see two writes in the order in which they were made.
//
// The explorer does not run a blocked thread, so no executions are spent on polling.
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
        // The reverse direction: the sender continues after the message has been read.
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

// A monitor can use the return value of a thread after the thread has ended.
const arrived = atEnd('the receiver has got 42', (end) => end.threads[1].returned === 42);

export default explore(program).monitors(arrived);
