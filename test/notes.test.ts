import { expect, test } from 'vitest';
import { catalogue } from '../src/cli/inputs/catalogue.ts';
import { unlockedCalls } from '../src/scenarios/interleaved/unlocked.ts';

const ALONE = 'one thread: what it tears down is all there is, and no lock decides anything';
const SPAN = 'the file of the block stays, so that its active reference decides nothing';
const AFTER = 'the thread itself removes the block, after its store has returned';

/** Entries whose threads call functions without a lock that the kernel's callers hold, and why that is right there. */
const EXPLAINED: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    ['B10', 'B11', 'B12', 'B13', 'B12b', 'B13b', 'B41c', 'B17', 'B24', 'B25a', 'B25b', 'B37', 'B42'].map(
      (id) => [id, ALONE],
    ),
  ),
  B18: 'vunmap_page_range() takes no lock that the missing one would exclude',
  ...Object.fromEntries(['B68', 'B68b', 'B74'].map((id) => [id, SPAN])),
  ...Object.fromEntries(['B52c', 'B89', 'B89b'].map((id) => [id, AFTER])),
};

test('every note on an entry of the catalogue is explained', () => {
  const noted = catalogue().flatMap(({ entry }) =>
    entry.kind === 'threads' && unlockedCalls(entry.scenario.interleaved!, entry.scenario.release!).length > 0
      ? [entry.id]
      : [],
  );
  expect(noted.sort()).toEqual(Object.keys(EXPLAINED).sort());
});
