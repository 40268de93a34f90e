import { type Element, h } from './element.ts';
import { pageText } from './page.ts';

/** A page with one drawing. */
export const drawingPage = (title: string, drawing: Element): string =>
  pageText({
    title,
    body: [
      h('header', {}, h('h1', {}, title)),
      h('main', {}, h('div', { class: 'scroll', tabindex: 0 }, drawing)),
    ],
  });
