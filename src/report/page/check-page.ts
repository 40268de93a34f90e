import type { Entry } from '../../check/entry.ts';
import type { Row } from '../../check/row.ts';
import type { RunData } from '../data/run-data.ts';
import type { StoryData } from '../data/story-data.ts';
import { type Element, h, markup, type Node } from './element.ts';
import { matrix } from './matrix.ts';
import { pageText } from './page.ts';
import { runStep } from './run-page.ts';
import { type StoryAbout, storyPage } from './story-page.ts';
import { storyTable, whyList } from './story-table.ts';

/** The page of a check: one story with its steps, or all verdicts and the stories in short. */

const geometryOf = ({ geometry, shape }: Row): string | null =>
  geometry ?? (shape.va_bits === null ? null : `${shape.page_size / 1024}K/${shape.va_bits}`);

function aboutOf(entry: Entry, row: Row, command: string | null): StoryAbout {
  return {
    id: entry.id,
    title: entry.title,
    release: row.release,
    verdict: row.verdict,
    geometry: geometryOf(row),
    failure: row.failure ? `${row.failure.kind}: ${row.failure.text}` : row.reason,
    states: row.states,
    why: entry.why,
    command,
  };
}

const isStory = (data: unknown): data is StoryData =>
  (data as { schema?: string } | null)?.schema === 'mhp-story/1';
const isRun = (data: unknown): data is RunData =>
  (data as { schema?: string } | null)?.schema === 'mhp-run/2';

function runsTable(rows: readonly Row[]): Element {
  const cells = (row: Row): Node[] => [
    h('td', {}, row.id),
    h('td', {}, row.release),
    h('td', {}, geometryOf(row) ?? ''),
    h('td', {}, h('span', { class: `verdict ${row.verdict.replace('/', '')}` }, row.verdict)),
    h('td', {}, row.failure ? `${row.failure.kind}: ${row.failure.text}` : (row.reason ?? '')),
  ];
  return h(
    'table',
    { class: 'runs' },
    h(
      'thead',
      {},
      h(
        'tr',
        {},
        ['id', 'release', 'geometry', 'verdict', ''].map((text) => h('th', { scope: 'col' }, text)),
      ),
    ),
    h(
      'tbody',
      {},
      rows.map((row) => h('tr', {}, cells(row))),
    ),
  );
}

function told(entry: Entry, row: Row): Node {
  const { data } = row;
  if (!isStory(data) && !isRun(data)) return row.story ? h('pre', {}, row.story) : null;
  return h(
    'section',
    { class: 'box' },
    h('h2', {}, `${entry.id} on ${row.release}: ${row.verdict}`),
    isStory(data)
      ? [
          whyList(data),
          h('div', { class: 'scroll', tabindex: 0 }, storyTable(data)),
          h('p', {}, h('code', {}, `mhp replay ${data.token}`)),
        ]
      : h(
          'ol',
          {},
          data.steps.map((step) => runStep(step, null)),
        ),
  );
}

/** Stories in short are told until they have so many characters. */
const STORIES = 60_000;

/** Stories that fit, and how many are left out. */
function stories(entries: readonly Entry[], failing: readonly Row[]): Node[] {
  let left = STORIES;
  const fitting = failing.map((row) => {
    if (left <= 0) return null;
    const story = told(entries.find(({ id }) => id === row.id)!, row);
    left -= markup(story).length;
    return left > 0 ? story : null;
  });
  const out = fitting.filter((story) => story === null).length;
  return [
    ...fitting,
    out > 0
      ? h('p', { class: 'soft' }, `${out} more stories: check one entry on one release for its page`)
      : null,
  ];
}

/** Of more rows than this there is a matrix. */
const MANY = 40;

/** @param command the command line that made it */
export function checkPage(
  entries: readonly Entry[],
  rows: readonly Row[],
  command: string | null = null,
): string {
  const failing = rows.filter(({ verdict, data }) => verdict !== 'clean' && data !== null);
  const [only] = failing;
  const entry = entries.find(({ id }) => id === only?.id);
  if (failing.length === 1 && entries.length === 1 && entry && only && isStory(only.data))
    return storyPage(
      only.data,
      aboutOf(entry, only, command),
      rows.length > 1
        ? h('details', {}, h('summary', {}, `all ${rows.length} releases`), runsTable(rows))
        : null,
    );
  const titles = new Map(entries.map(({ id, title }) => [id, title]));
  const cells = rows.map((row) => ({
    row: row.id,
    column: `${row.release}${row.geometry ? ` ${row.geometry}` : ''}${row.layout ? ` ${row.layout}` : ''}`,
    verdict: row.verdict,
    text: row.failure?.text ?? row.reason ?? '',
  }));
  const ids = entries.map(({ id }) => id);
  const title = `mhp check ${ids.length > 4 ? `${ids.length} entries` : ids.join(' ')}`;
  return pageText({
    title,
    body: [
      h(
        'header',
        {},
        h('h1', {}, title),
        entries.length <= 4
          ? entries.map((one) =>
              h(
                'p',
                {},
                h('strong', {}, one.id),
                ` ${one.title}`,
                one.why ? h('span', { class: 'soft' }, ` — ${one.why}`) : null,
              ),
            )
          : null,
      ),
      h(
        'main',
        {},
        rows.length > MANY
          ? h('div', { class: 'scroll', tabindex: 0 }, matrix(cells, titles))
          : runsTable(rows),
        stories(entries, failing),
      ),
      command ? h('footer', { class: 'soft' }, h('p', {}, 'made by ', h('code', {}, command))) : null,
    ],
  });
}
