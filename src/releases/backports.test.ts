import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { BACKPORTS, type Backport, hasBackport, isBefore, isTold, STANDS_FOR } from './backports.ts';
import { findRelease, mainline } from './index.ts';

const ARCHES = ['arm64', 'x86_64'] as const;

/** The functions of a release that are the one before the fix, or the one after it. */
function found({ functions, ...row }: Backport, release: string): { name: string; after: boolean }[] {
  return ARCHES.filter((arch) => arch === (row.arch ?? arch)).flatMap((arch) => {
    const table = findRelease(release)!.functions(arch) as unknown as Record<string, unknown>;
    return Object.entries(functions).flatMap(([name, [before, after]]) =>
      table[name] === before || table[name] === after ? [{ name, after: table[name] === after }] : [],
    );
  });
}

test('every modelled release stands for one version, which its description begins with', () => {
  expect(Object.keys(STANDS_FOR)).toEqual(mainline.map(({ name }) => name));
  for (const { name, about } of mainline)
    if (name !== 'v6.15') expect(about.startsWith(STANDS_FOR[name]!), about).toBe(true);
});

test.each(BACKPORTS.filter(({ functions }) => Object.keys(functions).length > 0))(
  'releases have it or not as the table says: $subject',
  (row) => {
    const told = mainline
      .filter(({ name }) => !isBefore(row, name))
      .flatMap(({ name }) => found(row, name).map((one) => ({ release: name, ...one })));
    expect(told).toEqual(
      told.map((one) => ({ ...one, after: hasBackport(row, one.release, STANDS_FOR[one.release]!) })),
    );
    expect(new Set(told.map(({ after }) => after)).size).toBe(2);
  },
);

test('the bits of kernel mappings are those with a fix or without it, as the table says', () => {
  const rows = BACKPORTS.filter(({ pgprot }) => pgprot !== undefined);
  expect(rows.map(({ commit }) => commit)).toEqual(['c25c4aa3f79a']);
  for (const row of rows) {
    for (const { name, constants } of mainline.filter((release) => !isBefore(row, release.name)))
      expect(row.pgprot!(constants.pgprot, hasBackport(row, name, STANDS_FOR[name]!)), name).toEqual(
        constants.pgprot,
      );
  }
});

test('versions are compared by number, and a tree counts as the version in which a fix arrived', () => {
  const [row] = BACKPORTS.filter(({ commit }) => commit === '5ec8e8ea8b77');
  const has = (version: string) => hasBackport(row!, 'v6.1', version);
  expect([has('6.1.9'), has('6.1.75'), has('6.1.76'), has('6.1.192')]).toEqual([false, false, true, true]);
  expect(hasBackport(row!, 'v6.8', '6.8.0')).toBe(true);
  expect(hasBackport(row!, 'v5.7', '5.7.14')).toBe(false);
});

function page(): string {
  const series = ['v5.4', 'v5.7', 'v5.10', 'v6.1', 'v6.6', 'v6.12', 'v6.18'];
  const stands = mainline.map(({ name }) => name);
  const commit = (row: Backport): string => row.commit ?? '-';
  const lines = [
    '# Back-ports',
    '',
    'Made from `src/releases/backports.ts` by `npx vitest run src/releases/backports.test.ts --update`.',
    'Each modelled release stands for one version, with the fixes that this version has:',
    '',
    ...mainline.map(({ name, about }) => `- ${name}: ${about}`),
    '',
    'Where a fix arrived is taken from the changelogs of Debian (5.2 to 7.3), which name the fixes of each stable version, for',
    '6.18.39 from the list of its commits, and from the trees 5.2.1, 5.3.1, 5.4.195, 5.4.286, 5.7.14, 5.10.262, 6.1.192, 6.6.0,',
    '6.6.9, 6.6.63, 6.6.87, 6.8.0, 6.12.117, 6.14.0, 6.17.0, 6.18.2, 6.18.35, 7.0.0 and 7.2.13; "by" names a tree that has it.',
    '`-` in place of a commit: no source at hand shows its id in mainline.',
    '',
    '## Where it arrived',
    '',
    `| commit | subject | mainline | ${series.join(' | ')} |`,
    `|---|---|---|${series.map(() => '---|').join('')}`,
    ...BACKPORTS.map(
      (row) =>
        `| ${commit(row)} | ${row.subject} | ${row.since} | ${series.map((name) => row.stable[name] ?? '').join(' | ')} |`,
    ),
    '',
    '## Which releases have it',
    '',
    'The fixes marked with * are told apart by the model: the test compares its functions with this table. An empty field: the',
    'release had not yet what the fix mends.',
    '',
    `| subject | ${stands.join(' | ')} |`,
    `|---|${stands.map(() => '---|').join('')}`,
    ...BACKPORTS.map((row) => {
      const mark = isTold(row) ? ' *' : '';
      const markOf = (name: string): string => (hasBackport(row, name, STANDS_FOR[name]!) ? 'in' : 'out');
      const marks = stands.map((name) => (isBefore(row, name) ? '' : markOf(name)));
      return `| ${row.subject}${mark} | ${marks.join(' | ')} |`;
    }),
    '',
  ];
  return lines.join('\n');
}

test('docs/backports.md is what the table says', async () => {
  await expect(page()).toMatchFileSnapshot('../../docs/backports.md');
});

test('the subjects are those of docs/commits.md', () => {
  const subjects = readFileSync(new URL('../../docs/commits.md', import.meta.url), 'utf8');
  for (const { commit, subject } of BACKPORTS)
    if (commit !== null) expect(subjects).toContain(`| ${commit} | ${subject} |`);
});
