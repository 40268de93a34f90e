import { deflateSync } from 'fflate';
import type { StoryData } from '../data/story-data.ts';
import { stateAfter } from '../data/story-view.ts';
import { type Element, h, type Node } from './element.ts';
import { type Page, pageText } from './page.ts';
import { statePanels } from './state-panel.ts';
import { STORY_SCRIPT } from './story-script.ts';
import { storyTable, whyList } from './story-table.ts';

/** What a page says of a story besides its data. */
export interface StoryAbout {
  readonly id: string;
  readonly title: string;
  readonly release: string;
  readonly verdict: string;
  /** "4K/39" and the like; null where there are no page tables. */
  readonly geometry: string | null;
  /** The failure in one line. */
  readonly failure: string | null;
  readonly states: number;
  /** What its entry says of it. */
  readonly why?: string | null;
  /** The command line that made the page. */
  readonly command?: string | null;
}

/** A page of one story is at most so long: 100 KB. */
export const MOST_BYTES = 100_000;

function base64(bytes: Uint8Array): string {
  let text = '';
  for (let i = 0; i < bytes.length; i += 8192) text += String.fromCharCode(...bytes.subarray(i, i + 8192));
  return btoa(text);
}

/** The data for the script, compressed. `texts`: also what each step does. */
function packed(data: StoryData, texts: boolean): string {
  const places = data.entries.map(({ pa, level, index, va, table }) => [
    pa,
    `${level ?? 'entry'} ${va ?? pa} ([${index}] of pfn ${table})`,
  ]);
  const rowEnds = new Map(data.rows.map(({ kind, last, text }) => [last, kind === 'steps' ? text : '']));
  const steps = data.steps.map(({ thread, text, number, delta }) => [
    thread,
    texts ? text : (rowEnds.get(number) ?? ''),
    delta,
  ]);
  const json = JSON.stringify({ initial: data.initial, entries: places, steps });
  return base64(deflateSync(new TextEncoder().encode(json), { level: 9 }));
}

const button = (id: string, label: string, text: string): Element =>
  h('button', { id, type: 'button', 'aria-label': label, title: label }, text);

const navigation = (): Element =>
  h(
    'nav',
    { class: 'steps', id: 'steps', hidden: true, 'aria-label': 'steps' },
    button('first', 'to the beginning (Home)', '|◀'),
    button('back', 'one step back (k)', '◀'),
    h('input', { id: 'range', type: 'range', min: 0, 'aria-label': 'step' }),
    button('on', 'one step on (j)', '▶'),
    button('last', 'to the end (End)', '▶|'),
    h('span', { id: 'now', 'aria-live': 'polite' }),
  );

/** What is told of a story, without a page around it; `more` comes after the heading. */
export function storyBody(data: StoryData, about: StoryAbout, more: Node = null): Node[] {
  const end = stateAfter(data, data.steps.length);
  return [
    h(
      'header',
      {},
      h('h1', {}, [about.id, about.title].filter(Boolean).join(' ')),
      h(
        'p',
        {},
        h('span', { class: `verdict ${about.verdict}` }, about.verdict),
        ` on ${about.release}${about.geometry ? `, ${about.geometry}` : ''}: `,
        about.failure ?? '',
        h(
          'span',
          { class: 'soft' },
          ` ${data.preemptions} ${data.preemptions === 1 ? 'preemption' : 'preemptions'}, ${data.steps.length} steps${about.states > 0 ? `, ${about.states} states seen` : ''}`,
        ),
      ),
      about.why ? h('p', { class: 'soft' }, about.why) : null,
    ),
    more,
    h('section', { class: 'box', 'aria-label': 'why' }, h('h2', {}, 'Why'), whyList(data)),
    navigation(),
    h(
      'div',
      { class: 'cols' },
      h('main', { class: 'scroll', tabindex: 0, 'aria-label': 'the story, step by step' }, storyTable(data)),
      h(
        'aside',
        { 'aria-label': 'state' },
        h('div', { id: 'state' }, statePanels(data, end, data.steps.at(-1)?.delta ?? {})),
      ),
    ),
    h(
      'footer',
      { class: 'soft' },
      about.command ? h('p', {}, 'made by ', h('code', {}, about.command)) : null,
      h('p', {}, 'run again by ', h('code', {}, `mhp replay ${data.token}`)),
    ),
  ];
}

/**
 * The page of a story. Where the data of all steps would make it longer than {@link MOST_BYTES}, what single steps do is left
 * out, and then the data.
 */
export function storyPage(data: StoryData, about: StoryAbout, more: Node = null): string {
  const body = storyBody(data, about, more);
  const page: Page = { title: `${about.id} on ${about.release}: ${about.verdict}`, body };
  for (const texts of [true, false]) {
    const html = pageText({ ...page, script: { code: STORY_SCRIPT, data: packed(data, texts) } });
    if (new TextEncoder().encode(html).length <= MOST_BYTES) return html;
  }
  return pageText(page);
}
