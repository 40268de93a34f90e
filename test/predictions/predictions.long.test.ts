import { readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { openRecording } from '../../src/machines/recording/open-recording.ts';
import { pageOf } from './page.ts';
import { predict } from './predict.ts';

const folder = new URL('../../recordings/', import.meta.url).pathname;

test('docs/predictions.md says what is predicted of every recording, and why the rest is not', async () => {
  const all = [];
  for (const file of readdirSync(folder)
    .filter((name) => name.endsWith('.tar.xz'))
    .sort())
    all.push({ name: file.replace('.tar.xz', ''), ...predict(await openRecording(folder + file)) });
  const page = pageOf(all);
  expect(page).not.toContain('not explained');
  await expect(page).toMatchFileSnapshot('../../docs/predictions.md');
});
