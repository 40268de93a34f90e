import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { catalogue } from '../../src/cli/inputs/catalogue.ts';
import { claims } from './claims.ts';
import { place } from './source.ts';

const C = `#define ONE 1
static int first(int a)
{
	if (a)
		return helper(a,
			      ONE);
	return 0;
}

int second(int a) { return first(a); }
static inline int third(void)
{
	return second(1);
}
`;

test.each([
  ['a text in a function', { function: 'first', has: ['helper(a, ONE)'] }, 5],
  ['texts in their order', { function: 'first', has: ['if (a)', 'return 0;'] }, 7],
  ['texts in another order', { function: 'first', has: ['return 0;', 'if (a)'] }, 'no "if (a)"'],
  ['what must not be there', { function: 'first', lacks: ['helper'] }, 'has "helper"'],
  ['what is in another function', { function: 'first', lacks: ['second'] }, 2],
  ['no such function', { function: 'helper', has: ['a'] }, 'no function helper'],
  ['anywhere in the file', { has: ['#define ONE', 'second(1)'] }, 13],
])('%s', (_, wanted, found) => {
  expect(place(C, wanted)).toBe(found);
});

test('what must not be in a file has no line', () => {
  expect(place(C, { lacks: ['third_one'] })).toBe(0);
  expect(place(C, { lacks: ['third'] })).toBe('has "third"');
});

const findings = readFileSync('docs/findings.md', 'utf8');
const ids = new Set(catalogue().map(({ entry }) => entry.id));

test('claims are about entries of the catalogue or rows of docs/findings.md', () => {
  for (const { about } of claims)
    for (const name of about) expect(ids.has(name) || findings.includes(`| ${name}: `), name).toBe(true);
});

test.each([
  ['v6.1', '6.1'],
  ['v6.6', '6.6'],
  ['v6.12', '6.12'],
  ['v6.18', '6.18'],
  ['v7.2', '7.2'],
])('every entry that docs/campaign.md finds on %s has a claim about the source', (release, version) => {
  const found = [
    ...readFileSync('docs/campaign.md', 'utf8').matchAll(/^\| (B\w+) \| [1-9]\d* \|.* \| (.*) \|$/gm),
  ]
    .filter(([, , where]) => where!.split('; ').some((place) => place.split(' ')[0] === release))
    .map(([, id]) => id!);
  if (release === 'v7.2') expect(found.length).toBeGreaterThan(5);
  const claimed = claims.filter((claim) => claim.in.includes(version)).flatMap(({ about }) => about);
  expect(found.filter((id) => !claimed.includes(id))).toEqual([]);
});

test('docs/claims.md has every claim, with lines in the trees of its releases', () => {
  const rows = readFileSync('docs/claims.md', 'utf8')
    .split('\n')
    .filter((line) => /^\| (?!about|---)/.test(line));
  expect(rows.map((row) => row.split(' | ').slice(0, 2).join(' | '))).toEqual(
    claims.map(({ about, says }) => `| ${about.join(', ')} | ${says}`),
  );
  for (const [i, row] of rows.entries()) {
    const held = row
      .split(' | ')
      .at(-1)!
      .split(', ')
      .map((place) => /^\d+\.\d+/.exec(place)?.[0]);
    expect(held.filter((version) => !claims[i]!.in.includes(version!))).toEqual([]);
  }
});

test('every line of a kernel file that scenarios and docs/findings.md cite is held by a claim', () => {
  const held = new Set(
    readFileSync('docs/claims.md', 'utf8')
      .split('\n')
      .flatMap((row) => {
        const [, , , file = '', lines = ''] = row
          .split(' | ')
          .flatMap((cell, i) => (i === 0 ? ['', cell] : [cell]));
        const name = file.split(',')[0]!;
        return [...lines.matchAll(/:(\d+)/g)].map(([, line]) => `${name}:${line}`);
      }),
  );
  const texts = [findings, ...catalogue().map(({ entry }) => entry.why ?? '')];
  const cited = texts.flatMap((text) =>
    [...text.matchAll(/\b(?:arch|drivers|fs|include|mm)\/[\w/.-]+:\d+/g)].map(([at]) => at),
  );
  expect(cited.length).toBeGreaterThan(10);
  expect(cited.filter((at) => !held.has(at))).toEqual([]);
});
