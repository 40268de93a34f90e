// A model of the race for which the explorer was written. To remove memory, the remover clears the entries of a page table, then
// the entry that points to the table, and frees the table. A walker has read that entry before it was cleared, and is still
// reading the table.
//
// With eight entries there are 512 different orders, and each further entry doubles that number. There are only 111 states,
// because both threads forget the entries that they have passed.
import { explore, forget, free, read, write } from 'mhp/explorer';

const ENTRIES = 8;

const remover = {
  name: 'remover',
  *run() {
    for (let i = 0; i < ENTRIES; i++) {
      yield forget('entry', i);
      yield write(['table', 0, `e${i}`], 0);
    }
    yield write(['upper', 0, 'entry'], 0);
    yield free('table', 0);
  },
};

const walker = {
  name: 'walker',
  *run() {
    if ((yield read(['upper', 0, 'entry'])) === 0) return;
    for (let i = 0; i < ENTRIES; i++) {
      yield forget('entry', i);
      yield read(['table', 0, `e${i}`]);
    }
  },
};

const entries = Object.fromEntries(Array.from({ length: ENTRIES }, (_, i) => [`e${i}`, 1]));

export default explore({
  name: 'hot-remove',
  tables: { upper: { 0: { entry: 1 } }, table: { 0: entries } },
  threads: [remover, walker],
});
