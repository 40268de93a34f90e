import { readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import * as run from '../../src/cli/commands/machine/run.ts';
import { memReleases } from '../../src/memmap/releases/mem-releases.ts';
import { inProcess } from '../in-process.ts';

/** A struct page that no section has, and a pointer that is none, have no pfn: no report makes -1 of it. */

const folder = 'scenarios/memmap';

test('no report of struct pages names a pfn below 0, whatever the scenario and the release', async () => {
  let told = 0;
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.yaml')))
    for (const release of memReleases.keys())
      for (const json of [[], ['--json']]) {
        const args = ['run', `${folder}/${file}`, '--release', release, ...json];
        const { stdout } = await inProcess(run.define, args);
        if (/pfn/.test(stdout)) told++;
        expect([file, release, /.*(?:0x-|pfn"?:? -\d).*/.exec(stdout)?.[0]]).toEqual([
          file,
          release,
          undefined,
        ]);
      }
  process.exitCode = undefined;
  expect(told).toBeGreaterThan(100);
});
