import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { checkEntry } from '../../src/check/check-entry.ts';
import { catalogue } from '../../src/cli/inputs/catalogue.ts';
import { storyData } from '../../src/report/data/story-data.ts';
import { MOST_BYTES, storyPage } from '../../src/report/page/story-page.ts';

/** Pages of long stories and of many runs, byte for byte; docs/pictures has them, and pictures.ts shows them. */

const folder = mkdtempSync(join(tmpdir(), 'mhp-goldens-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

test.each([
  ['B37', 'the longest story'],
  ['B98', 'a deadlock'],
  ['B24', 'what a walk cache may still hold'],
])('%s, %s', async (id) => {
  const { entry } = catalogue((one) => one === id)[0]!;
  const checked = checkEntry(entry, entry.release);
  const { told, failure } = checked;
  if (told?.kind !== 'threads' || !failure) throw new Error('no story');
  // a token changes with the state that it hashes; the page does not
  const data = { ...storyData(told.story, told.token), token: 'TOKEN' };
  const about = {
    id,
    title: entry.title,
    release: entry.release,
    verdict: checked.verdict,
    geometry: null,
    failure: `${failure.kind}: ${failure.text}`,
    states: checked.states,
  };
  const page = storyPage(data, about);
  expect(new TextEncoder().encode(page).length).toBeLessThanOrEqual(MOST_BYTES);
  await expect(page).toMatchFileSnapshot(`../../docs/pictures/${id}.html`);
});

test('entries by releases', async () => {
  const file = join(folder, 'matrix.html');
  const releases = 'arm64-v5,arm64-v6,option-1,option-2,option-3,option-4,v5.2,v5.7,v5.10,v6.1,v6.12,v7.2';
  const args = ['check', 'B14', 'B20', 'B24', 'B98', '--release', releases, '--brief', '--html', file];
  const { stderr } = spawnSync(process.execPath, ['dist/cli/main.js', ...args], { encoding: 'utf8' });
  expect(stderr).toBe('');
  const page = readFileSync(file, 'utf8').replaceAll(/mhp1-[\w-]+/g, 'TOKEN');
  await expect(page).toMatchFileSnapshot('../../docs/pictures/matrix.html');
});
