import { HATCH } from '../drawing/hatch.ts';
import { type Element, h, type Node } from './element.ts';
import { pageText } from './page.ts';

/** Parts of the pages that answer an operator. */

/** What an answer is about. */
export interface AnswerAbout {
  readonly machine: string;
  readonly arch: string;
  readonly release: string;
  readonly notes: readonly string[];
}

/** Lines under a heading; nothing if there are none. */
export const listed = (heading: string, lines: readonly Node[]): Node =>
  lines.length === 0
    ? null
    : h(
        'section',
        { class: 'box' },
        h('h2', {}, heading),
        h(
          'ul',
          {},
          lines.map((line) => h('li', {}, line)),
        ),
      );

/** Lines that are copied: messages, commands. */
export const verbatim = (heading: string, lines: readonly string[]): Node =>
  lines.length === 0
    ? null
    : h('section', { class: 'box' }, h('h2', {}, heading), h('pre', {}, lines.join('\n')));

export const cells = (
  headings: readonly string[],
  rows: readonly (readonly Node[])[],
  { caption }: { readonly caption?: string } = {},
): Element =>
  h(
    'div',
    { class: 'scroll', tabindex: 0 },
    h(
      'table',
      { class: 'runs' },
      caption ? h('caption', { class: 'soft' }, caption) : null,
      h(
        'thead',
        {},
        h(
          'tr',
          {},
          headings.map((text) => h('th', { scope: 'col' }, text)),
        ),
      ),
      h(
        'tbody',
        {},
        rows.map((row) =>
          h(
            'tr',
            {},
            row.map((cell) => h('td', {}, cell)),
          ),
        ),
      ),
    ),
  );

/** A drawing that may be wider than the page. */
export const drawn = (heading: string, drawing: Element): Node => [
  h('h2', {}, heading),
  h('div', { class: 'scroll', tabindex: 0 }, drawing),
];

/** The page of an answer: the answer itself in a line, what it is about, and the rest. */
export const answerPage = (title: string, answer: string, about: AnswerAbout, content: Node): string =>
  pageText({
    title,
    body: [
      h('svg', { width: 0, height: 0, 'aria-hidden': 'true' }, HATCH),
      h(
        'header',
        {},
        h('h1', {}, answer),
        h('p', {}, `${title}; ${about.machine}: ${about.arch}, ${about.release}`),
        about.notes.map((note) => h('p', { class: 'soft' }, `note: ${note}`)),
      ),
      h('main', {}, content),
    ],
  });
