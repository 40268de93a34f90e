import { readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { checkEntry } from '../../src/check/check-entry.ts';
import { catalogue } from '../../src/cli/inputs/catalogue.ts';
import { conform } from '../../src/conform/replay-recording.ts';
import { openRecording } from '../../src/machines/recording/open-recording.ts';
import { messages } from '../../src/messages/table.ts';
import { mainline } from '../../src/releases/index.ts';
import { takeWalk } from '../walk/walk.ts';
import { nameOf, whyUnreached } from './unreached.ts';
import { watch } from './watch.ts';

const recordings = new URL('../../recordings/', import.meta.url).pathname;

test('every message is reached by the catalogue, the recordings or 300 walks, or listed', async () => {
  // other tests of this worker have reached messages, too
  watch.reached.clear();
  for (const { entry } of catalogue())
    if (entry.kind !== 'threads')
      for (const release of new Set([entry.release, ...entry.fixed])) checkEntry(entry, release);
  for (const name of readdirSync(recordings).filter((file) => file.endsWith('.tar.xz')))
    conform(await openRecording(recordings + name));
  for (let index = 0; index < 300; index++)
    takeWalk({ seed: 7, index, release: mainline[index % mainline.length]!.name });
  const found = messages.filter((one) => !watch.reached.has(one)).map(nameOf);
  expect(found.sort()).toEqual([...whyUnreached.keys()].sort());
}, 900_000);
