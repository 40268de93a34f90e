import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

// Sources are what a reader can open: kernel files and releases, commits, mailing-list threads, recordings of this
// repository. The notes that the model was first written from are none; their names are put together so as not to stand here.
const NOTES = new RegExp(
  `\\b(${[
    ['FA', 'CTS'],
    ['OBSER', 'VED'],
  ]
    .map((parts) => parts.join(''))
    .join('|')})\\b`,
);

const FOLDERS = ['bench', 'docs', 'examples', 'litmus', 'scenarios', 'schemas', 'src', 'test'];

/** Everything that is written by hand or generated into the repository: all but recordings, and what is installed or built. */
const files = [
  ...readdirSync('.', { withFileTypes: true }).flatMap((entry) => (entry.isFile() ? [entry.name] : [])),
  ...FOLDERS.flatMap((folder) =>
    readdirSync(folder, { recursive: true, withFileTypes: true }).flatMap((entry) =>
      entry.isFile() ? [join(entry.parentPath, entry.name)] : [],
    ),
  ),
];

test('no file cites notes that are not in the repository', () => {
  const citing = files.flatMap((file) =>
    readFileSync(file, 'utf8')
      .split('\n')
      .flatMap((line, i) => (NOTES.test(line) ? [`${file}:${i + 1}: ${line.slice(0, 120)}`] : [])),
  );
  expect(citing).toEqual([]);
  expect(files.length).toBeGreaterThan(700);
});
