import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

// Sources must be things that a reader can open: kernel files and releases, commits, mailing-list threads, recordings
// of this repository. The notes from which the model was first written are not; their names are composed here so that
// this file does not contain them.
const NOTES = new RegExp(
  `\\b(${[
    ['FA', 'CTS'],
    ['OBSER', 'VED'],
  ]
    .map((parts) => parts.join(''))
    .join('|')})\\b`,
  'g',
);

const FOLDERS = ['bench', 'docs', 'examples', 'litmus', 'scenarios', 'schemas', 'src', 'test'];

/**
 * All files that are written by hand or generated into the repository, without recordings, installed packages and build
 * output.
 */
const files = [
  ...readdirSync('.', { withFileTypes: true }).flatMap((entry) => (entry.isFile() ? [entry.name] : [])),
  ...FOLDERS.flatMap((folder) =>
    readdirSync(folder, { recursive: true, withFileTypes: true }).flatMap((entry) =>
      entry.isFile() ? [join(entry.parentPath, entry.name)] : [],
    ),
  ),
];

/** Every place where a pattern matches, as file:line: match. */
const found = (pattern: RegExp): { readonly where: string; readonly what: string }[] =>
  files.flatMap((file) =>
    readFileSync(file, 'utf8')
      .split('\n')
      .flatMap((line, i) =>
        [...line.matchAll(pattern)].map(([what]) => ({ where: `${file}:${i + 1}: ${what}`, what })),
      ),
  );

test('no file cites notes that are not in the repository', () => {
  expect(found(NOTES).map(({ where }) => where)).toEqual([]);
  expect(files.length).toBeGreaterThan(700);
});

test('docs/commits.md has the subject of every commit that is cited, and of no other', () => {
  const listed = [
    ...readFileSync('docs/commits.md', 'utf8').matchAll(/^\| ([0-9a-f]{12}) \| \S.* \|$/gm),
  ].map(([, id]) => id!);
  expect(listed).toEqual([...new Set(listed)].sort());
  const cited = found(/(?<![-\w])(?=\d*[a-f])(?=[a-f]*\d)[0-9a-f]{12}(?!\w)/g).filter(
    ({ where }) => !where.startsWith('docs/commits.md'),
  );
  expect(cited.filter(({ what }) => !listed.includes(what)).map(({ where }) => where)).toEqual([]);
  const ids = new Set(cited.map(({ what }) => what));
  expect(listed.filter((id) => !ids.has(id))).toEqual([]);
});
