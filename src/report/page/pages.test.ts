import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { checkEntry } from '../../check/check-entry.ts';
import { readEntry } from '../../check/entry.ts';
import { catalogue } from '../../cli/inputs/catalogue.ts';
import { findProgram } from '../../schedule/programs/built-in.ts';
import { entryRun } from '../data/entry-run.ts';
import { storyData } from '../data/story-data.ts';
import { h, markup } from './element.ts';
import { runPage } from './run-page.ts';
import { MOST_BYTES, type StoryAbout, storyPage } from './story-page.ts';

const about: StoryAbout = {
  id: 'B14',
  title: 'a table that vmalloc walks is freed with the memmap that shares it',
  release: 'arm64-v5',
  verdict: 'found',
  geometry: '4K/39',
  failure: 'use-after-free',
  states: 9109,
  why: catalogue((one) => one === 'B14')[0]!.entry.why,
  command: 'mhp check B14 --release arm64-v5',
};

function storyOf(id: string) {
  const { entry } = catalogue((one) => one === id)[0]!;
  const { told } = checkEntry(entry, entry.release);
  if (told?.kind !== 'threads') throw new Error('no story');
  return storyData(told.story, told.token);
}

test('markup: what looks like markup is text, nothing is left out', () => {
  const made = h('p', { title: '"<&>', hidden: false, lang: undefined, id: 'x' }, '<b>&', 0, null, [
    h('br'),
    'y',
  ]);
  expect(markup(made)).toBe('<p title="&quot;&lt;&amp;&gt;" id="x">&lt;b&gt;&amp;0<br>y</p>');
});

test('the page of B14: its bytes, readable without script, and no request is allowed', async () => {
  // a token changes with the state that it hashes; the page does not
  const made = () => storyPage({ ...storyOf('B14'), token: 'TOKEN' }, about);
  const page = made();
  expect(page).toBe(made());
  expect(page.length).toBeLessThan(40_000);
  expect(page).toContain("default-src 'none'");
  expect(page).not.toMatch(/connect-src|https?:|src=|@import|url\((?!#)/);
  const text = page
    .replace(/<script.*?<\/script>|<style.*?<\/style>/gs, '')
    .replace(/<[^>]+>/g, ' ')
    .replace(/\s+/g, ' ');
  for (const told of [
    'pfn 0x40203 was 10 mapper found in *pgdp at ffffffffc0000000 pmd_offset() &lt; pmd_alloc()',
    '548 remover freed free_pages() &lt; free_hotplug_pgtable_page()',
    '537–538 unlinked',
    'reads *pmdp at ffffffffc4000000 ** use-after-free',
    'No lock orders the two: remover held cpu_hotplug_lock',
    'PMD table, pfn 0x40203 is free',
    'made by mhp check B14 --release arm64-v5',
  ])
    expect(text).toContain(told);
  await expect(page).toMatchFileSnapshot('../../../docs/pictures/B14.html');
});

test('a story of very many steps is no longer a page than allowed', () => {
  const exploration = findProgram('racers(2, 1000)');
  const choices = Array.from({ length: 4000 }, (_, i) => ({ thread: i % 2, outcome: 0 }));
  const data = storyData(exploration.replay(choices), 'mhp1-');
  expect(data.steps).toHaveLength(4000);
  const page = storyPage(data, { ...about, id: data.program });
  expect(new TextEncoder().encode(page).length).toBeLessThanOrEqual(MOST_BYTES);
  expect(page).toContain('steps are left out here');
});

test('names that a user chose are text, not markup', () => {
  const data = storyOf('B20');
  const evil = '</script><script>alert(1)</script>"><img src=x onerror=alert(1)>';
  const page = storyPage(
    { ...data, rows: data.rows.map((row) => ({ ...row, text: evil, label: evil })) },
    { ...about, title: evil, id: evil, release: evil, failure: evil },
  );
  expect(page).not.toContain('<img');
  expect(page.match(/<script/g)).toHaveLength(2);
});

test('the page of dimm.yaml: each step, and the map where blocks changed', async () => {
  const text = readFileSync(new URL('../../../scenarios/dimm.yaml', import.meta.url), 'utf8');
  const entry = readEntry(text, 'scenarios/dimm.yaml');
  if (entry.kind !== 'steps') throw new Error(entry.kind);
  const page = runPage(entryRun(entry, 'v6.1'));
  expect(page).toBe(runPage(entryRun(entry, 'v6.1')));
  expect(page.match(/<svg/g)!.length).toBeGreaterThan(5);
  expect(page).toContain('memory44 stays: pfn 0x160000, kernel: has_unmovable_pages()');
  expect(page).toContain('OST 132 EJECT_IN_PROGRESS, 130 DEVICE_BUSY');
  expect(page).not.toMatch(/connect-src|https?:|src=/);
});
