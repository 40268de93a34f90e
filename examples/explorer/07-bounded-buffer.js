// A producer and a consumer share a buffer of two places. The producer blocks while both places are full, and the consumer blocks
// while both are empty.
//
// `leak` is not one of the standard monitors and must be requested: no object allocated in table `item` may remain at the end.
import { alloc, atEnd, explore, fetchAdd, free, leak, read, variable, waitWhile, write } from 'mhp/explorer';

const PLACES = 2;
const ITEMS = 4;

function* produce() {
  for (let i = 0; i < ITEMS; i++) {
    yield alloc('item', i, { v: i * i });
    yield waitWhile('taken', PLACES);
    yield write(variable('place', i % PLACES), i);
    yield fetchAdd('taken', 1);
  }
}

function* consume() {
  let sum = 0;
  for (let i = 0; i < ITEMS; i++) {
    yield waitWhile('taken', 0);
    const item = yield read(variable('place', i % PLACES));
    yield fetchAdd('taken', -1);
    sum += yield read(variable('item', item));
    yield free('item', item);
  }
  return sum;
}

export default explore({
  name: 'bounded buffer',
  tables: { taken: { 0: { v: 0 } }, place: { 0: { v: -1 }, 1: { v: -1 } } },
  threads: [
    { name: 'producer', run: produce },
    { name: 'consumer', run: consume },
  ],
}).monitors(
  leak('item'),
  atEnd('the consumer has got all of them', (end) => end.threads[1].returned === 0 + 1 + 4 + 9),
);
